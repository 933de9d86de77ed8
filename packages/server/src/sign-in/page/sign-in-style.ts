/** The look of the sign-in pages: Fluent's colours, as the console has them, in light and dark. */
export const SIGN_IN_STYLE = `:root {
  color-scheme: light dark;
  --page: #f5f5f5;
  --card: #ffffff;
  --edge: #e0e0e0;
  --text: #242424;
  --faint: #616161;
  --line: #616161;
  --brand: #0f6cbd;
  --brand-hover: #115ea3;
  --brand-text: #0f6cbd;
  --alert: #b10e1c;
  --alert-card: #fdf3f4;
  --alert-edge: #eeacb2;
  --warning-card: #fff9f5;
  --warning-edge: #fdcfb4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #141414;
    --card: #292929;
    --edge: #3d3d3d;
    --text: #ffffff;
    --faint: #adadad;
    --line: #adadad;
    --brand: #115ea3;
    --brand-hover: #0f6cbd;
    --brand-text: #479ef5;
    --alert: #f1bbbc;
    --alert-card: #3b0509;
    --alert-edge: #751d1f;
    --warning-card: #4a1e04;
    --warning-edge: #8f4e1f;
  }
}
* { box-sizing: border-box; }
html { height: 100%; }
body {
  min-height: 100%;
  margin: 0;
  padding: 24px 16px;
  display: grid;
  place-items: center;
  background: var(--page);
  color: var(--text);
  font: 14px/20px "Segoe UI", "Segoe UI Web (West European)", -apple-system, BlinkMacSystemFont, Roboto, "Helvetica Neue", sans-serif;
}
main {
  width: 100%;
  max-width: 400px;
  padding: 32px;
  background: var(--card);
  border: 1px solid var(--edge);
  border-radius: 8px;
  box-shadow: 0 2px 8px rgb(0 0 0 / 14%);
  overflow-wrap: break-word;
}
.brand { margin: 0 0 20px; color: var(--brand-text); font-weight: 600; }
h1 { margin: 0 0 4px; font-size: 24px; line-height: 32px; font-weight: 600; }
p { margin: 0 0 12px; }
.lead { color: var(--faint); }
.hint { margin: 4px 0 0; color: var(--faint); font-size: 12px; line-height: 16px; }
.alert, .warning { margin: 16px 0; padding: 10px 12px; border: 1px solid; border-radius: 4px; }
.alert { background: var(--alert-card); border-color: var(--alert-edge); color: var(--alert); }
.warning { background: var(--warning-card); border-color: var(--warning-edge); }
form { margin-top: 20px; }
label { display: block; margin: 16px 0 4px; font-weight: 600; }
input {
  display: block;
  width: 100%;
  height: 40px;
  padding: 0 12px;
  border: 1px solid var(--edge);
  border-bottom-color: var(--line);
  border-radius: 4px;
  background: var(--card);
  color: var(--text);
  font: inherit;
  font-size: 16px;
}
input[hidden] { display: none; }
input[aria-invalid="true"] { border-color: var(--alert); }
input.code, .shown-code {
  font-family: ui-monospace, "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace;
  letter-spacing: 0.12em;
  text-transform: uppercase;
}
.shown-code { margin: 16px 0; font-size: 28px; line-height: 36px; text-align: center; }
button {
  width: 100%;
  min-height: 40px;
  margin-top: 24px;
  padding: 8px 16px;
  border: 1px solid transparent;
  border-radius: 4px;
  background: var(--brand);
  color: #ffffff;
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
button:hover { background: var(--brand-hover); }
button.secondary { background: transparent; border-color: var(--line); color: var(--text); }
.choice { display: flex; gap: 8px; }
:focus-visible { outline: 2px solid var(--brand-text); outline-offset: 2px; }
@media (max-width: 480px) {
  body { padding: 0; place-items: start stretch; background: var(--card); }
  main { max-width: none; padding: 24px 16px; border: 0; border-radius: 0; box-shadow: none; }
}
@media (forced-colors: active) {
  button { border-color: ButtonText; }
}
`
