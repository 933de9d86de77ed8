import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router'
import { NotFound } from './components/NotFound.tsx'
import { Shell } from './components/Shell.tsx'
import { DeviceGroupsPage } from './pages/device-groups/DeviceGroupsPage.tsx'
import { MachineActionPage } from './pages/machine-actions/MachineActionPage.tsx'
import { MachineActionsPage } from './pages/machine-actions/MachineActionsPage.tsx'
import { MachinesPage } from './pages/machines/MachinesPage.tsx'
import { QuarantinePage } from './pages/quarantine/QuarantinePage.tsx'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound })

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/machines' })
  },
})

const machines = createRoute({ getParentRoute: () => root, path: '/machines', component: MachinesPage })

const deviceGroups = createRoute({
  getParentRoute: () => root,
  path: '/device-groups',
  component: DeviceGroupsPage,
})

const actions = createRoute({ getParentRoute: () => root, path: '/actions', component: MachineActionsPage })

const action = createRoute({
  getParentRoute: () => root,
  path: '/actions/$actionId',
  component: function Page() {
    return <MachineActionPage actionId={action.useParams().actionId} />
  },
})

const quarantine = createRoute({
  getParentRoute: () => root,
  path: '/quarantine',
  validateSearch: ({ machine }): { machine?: string } => (typeof machine === 'string' ? { machine } : {}),
  component: function Page() {
    return <QuarantinePage machineId={quarantine.useSearch().machine} />
  },
})

export const router = createRouter({
  routeTree: root.addChildren([home, machines, deviceGroups, actions, action, quarantine]),
  basepath: '/console',
  trailingSlash: 'never',
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
