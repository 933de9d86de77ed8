<#
.SYNOPSIS
  Checks on a real Windows that the agent enrolls, scans with Microsoft Defender, finds EICAR and stops.

.DESCRIPTION
  Run it in an elevated Windows PowerShell, on a machine where a test file may be found: it writes the EICAR test file.
  It prints a line a check, and ends with the number of those that failed.

  Without FLEETSWEEP_URL it starts a server of its own on this machine and takes it away again. With FLEETSWEEP_URL,
  FLEETSWEEP_TENANT, FLEETSWEEP_CLIENT_ID and FLEETSWEEP_CLIENT_SECRET (and FLEETSWEEP_CA where the server has an
  authority of its own) it uses that one; the application needs Machine.Scan, Machine.Read.All, Scan.Read.All,
  Scan.Run.Custom and Fleet.Enroll, and the server keeps a machine in its lists.

  An agent that is installed here already is left alone: this one has a state folder of its own. Do not scan with the
  other one meanwhile.

.PARAMETER Dist
  The folder that `npm run build` made, on any system: it holds fleetsweep-agent.mjs and fleetsweep.mjs.

.PARAMETER Node
  Node 26 for Windows.

.PARAMETER WaitMinutes
  How long a Quick scan may take.
#>
#Requires -Version 5.1
#Requires -RunAsAdministrator
[CmdletBinding()]
param(
  [string]$Dist = (Join-Path $PSScriptRoot '..\dist'),
  [string]$Node = 'node.exe',
  [int]$WaitMinutes = 60
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$agentProgram = (Resolve-Path (Join-Path $Dist 'fleetsweep-agent.mjs')).Path
$serverProgram = (Resolve-Path (Join-Path $Dist 'fleetsweep.mjs')).Path
$nodeProgram = (Get-Command $Node).Source
$top = Join-Path $env:ProgramData ('Fleetsweep-verify-' + [Guid]::NewGuid().ToString('N').Substring(0, 8))
$state = Join-Path $top 'state'
$work = Join-Path ([IO.Path]::GetTempPath()) (Split-Path $top -Leaf)
$bait = Join-Path $work 'bait'
[void](New-Item -ItemType Directory -Path $bait)

$script:failed = 0
$script:calls = 0
$script:machine = $null
$script:status = $null
$script:agent = $null
$script:server = $null
$script:ownServer = -not $env:FLEETSWEEP_URL

# ---- what the checks are made of ----

function Test-That([string]$What, [scriptblock]$Check) {
  try {
    & $Check
    Write-Output "pass  $What"
  } catch {
    $script:failed++
    Write-Output "FAIL  $What"
    Write-Output "      $($_.Exception.Message)"
  }
}

function Assert-That([bool]$Holds, [string]$Otherwise) {
  if (-not $Holds) { throw $Otherwise }
}

# Looks every few seconds: an API counts the calls.
function Wait-Until([scriptblock]$Look, [string]$What, [int]$Minutes = 5) {
  $deadline = (Get-Date).AddMinutes($Minutes)
  while ((Get-Date) -lt $deadline) {
    $seen = & $Look
    if ($seen) { return $seen }
    Start-Sleep -Seconds 3
  }
  throw "It did not happen within $Minutes minutes that $What."
}

function ConvertTo-CommandLine([string[]]$Words) {
  ($Words | ForEach-Object { '"' + ($_ -replace '(\\*)"', '$1$1\"' -replace '(\\+)$', '$1$1') + '"' }) -join ' '
}

function Start-Node([string]$Name, [string[]]$Words) {
  $options = @{
    FilePath               = $nodeProgram
    ArgumentList           = ConvertTo-CommandLine $Words
    RedirectStandardOutput = Join-Path $work "$Name.out"
    RedirectStandardError  = Join-Path $work "$Name.err"
    NoNewWindow            = $true
    PassThru               = $true
  }
  $process = Start-Process @options
  # Without a look at its handle, Windows PowerShell forgets the exit code.
  [void]$process.Handle
  $process
}

function Invoke-Node([string[]]$Words) {
  $script:calls++
  $name = "call-$($script:calls)"
  $process = Start-Node $name $Words
  $process.WaitForExit()
  $read = { param($end) [string](Get-Content -Raw -Encoding UTF8 -Path (Join-Path $work "$name.$end")) }
  [pscustomobject]@{ Code = $process.ExitCode; Out = & $read 'out'; Err = & $read 'err' }
}

function Invoke-Agent([string[]]$Words, [string]$Folder = $state) {
  Invoke-Node (@($agentProgram) + $Words + @('--state', $Folder))
}

# A command of the CLI, and what it says as JSON.
function Invoke-Fleet([string[]]$Words) {
  $end = Invoke-Node (@($serverProgram) + $Words + @('--json'))
  if ($end.Code -ne 0) { throw "fleetsweep $($Words[0]) failed: $($end.Err)" }
  # Windows PowerShell gives a list as one thing.
  ConvertFrom-Json -InputObject $end.Out | ForEach-Object { $_ }
}

function Start-Agent { Start-Node 'agent' @($agentProgram, 'run', '--state', $state) }

function Get-AgentStatus { ConvertFrom-Json -InputObject (Invoke-Agent @('status', '--json')).Out }

function Request-Scan([string[]]$Words) { @(Invoke-Fleet (@('scan', $script:machine) + $Words))[0] }

function Get-Scan([string]$Id) { Invoke-Fleet @('report', $Id) }

function Wait-Started([string]$Id) {
  [void](Wait-Until { (Get-Scan $Id).startedAt } "the scan $Id began")
}

function Wait-Ended([string]$Id) {
  $look = { $scan = Get-Scan $Id; if ($scan.endedAt) { $scan } }
  Wait-Until $look "the scan $Id ended" $WaitMinutes
}

function Assert-Stopped([string]$Id) {
  [void](Invoke-Fleet @('cancel', $Id, '--comment', 'verify-windows.ps1'))
  $look = { $scan = Get-Scan $Id; if ($scan.stop -and $scan.stop.provenAt) { $scan } }
  $scan = Wait-Until $look 'the agent proved that the scan has stopped' 10
  Assert-That ($scan.status -eq 'Cancelled') "The action ended as $($scan.status)."
  Assert-That (-not (Get-ScanProcess)) 'MpCmdRun.exe still waits for a scan.'
}

function Get-ScanProcess {
  Get-CimInstance Win32_Process -Filter "Name='MpCmdRun.exe'" | Where-Object { $_.CommandLine -match '-ScanType' }
}

# In two parts, so that nobody finds it in this script.
function Write-Bait {
  $text = 'X5O!P%@AP[4\PZX54(P^)7CC)7}$' + 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'
  try {
    [IO.File]::WriteAllText((Join-Path $bait 'eicar.com'), $text)
  } catch {
    # Protection in real time may take it before it is there, which is a detection as well.
    Write-Verbose $_.Exception.Message
  }
}

# ---- the checks ----

try {
  Test-That 'Microsoft Defender tells its mode' {
    $script:status = Get-MpComputerStatus
    Assert-That ([bool]$script:status.AMRunningMode) 'AMRunningMode is empty.'
    Write-Output "      $($script:status.AMRunningMode), $($script:status.AMProductVersion), real-time protection $($script:status.RealTimeProtectionEnabled)"
  }

  Test-That 'Node is one that the agent runs on' {
    $version = (Invoke-Node @('--version')).Out.Trim()
    Assert-That ($version -match '^v(2[6-9]|[3-9]\d)\.') "$nodeProgram is $version; it takes 26."
  }

  if ($script:ownServer) {
    Test-That 'a server starts on this machine' {
      $data = Join-Path $work 'server'
      $made = Invoke-Node @($serverProgram, 'init', '--data', $data, '--host', 'localhost', '--listen', '127.0.0.1:18443', '--json')
      Assert-That ($made.Code -eq 0) $made.Err
      $init = ConvertFrom-Json -InputObject $made.Out
      $env:FLEETSWEEP_URL = $init.origin
      $env:FLEETSWEEP_TENANT = $init.tenant.id
      $env:FLEETSWEEP_CLIENT_ID = $init.application.id
      $env:FLEETSWEEP_CLIENT_SECRET = $init.application.secret
      $env:FLEETSWEEP_CA = Join-Path $data 'tls\ca.crt'
      $script:server = Start-Node 'server' @($serverProgram, 'server', '--data', $data)
      $ready = { (Get-Content -Raw (Join-Path $work 'server.out')) -match 'is ready at' }
      [void](Wait-Until $ready 'the server was ready' 2)
      $permissions = @($init.application.permissions) + 'Scan.Run.Custom' | ForEach-Object { '--permission', $_ }
      [void](Invoke-Fleet (@('applications', 'change', $init.application.id) + $permissions))
    }
  }

  Test-That 'a folder that users can enter is not used' {
    $open = Join-Path $env:ProgramData "$(Split-Path $top -Leaf)-open"
    [void](New-Item -ItemType Directory -Path $open)
    try {
      $end = Invoke-Agent @('status') $open
      Assert-That ($end.Code -eq 1 -and $end.Err -match 'nothing in it is used') "It ended with $($end.Code): $($end.Out)$($end.Err)"
    } finally {
      Remove-Item -Recurse -Force -Path $open
    }
  }

  Test-That 'the machine enrolls' {
    $env:FLEETSWEEP_ENROLLMENT_TOKEN = (Invoke-Fleet @('tokens', 'create')).token
    $words = @('enroll', '--server', $env:FLEETSWEEP_URL)
    if ($env:FLEETSWEEP_CA) { $words += @('--ca', $env:FLEETSWEEP_CA) }
    $end = Invoke-Agent $words
    Assert-That ($end.Code -eq 0) "$($end.Out)$($end.Err)"
    $script:machine = (Get-AgentStatus).machineId
  }

  Test-That 'its state is the administrators'' and the system''s alone' {
    $sid = [Security.Principal.SecurityIdentifier]
    foreach ($path in @($state, (Join-Path $state 'identity.json'))) {
      $others = (Get-Acl -LiteralPath $path).GetAccessRules($true, $true, $sid) |
        Where-Object { $_.AccessControlType -eq 'Allow' -and $_.IdentityReference.Value -notin 'S-1-5-18', 'S-1-5-32-544' }
      if ($others) { throw "$path lets in $(@($others)[0].IdentityReference)." }
    }
  }

  Test-That 'the agent connects, and opens its pipe for local commands' {
    $script:agent = Start-Agent
    [void](Wait-Until { (Get-AgentStatus).connection.state -eq 'connected' } 'it was connected' 2)
    $pipe = (Get-Content -Raw (Join-Path $state 'control.pipe')).Trim()
    Assert-That ([IO.Directory]::GetFiles('\\.\pipe\') -contains $pipe) "There is no $pipe."
  }

  Test-That 'the server knows this Windows and the mode of its Defender' {
    $digits = @{ 'Normal' = '0'; 'Passive Mode' = '1'; 'Passive' = '1'; 'EDR Block Mode' = '4'; 'SxS Passive Mode' = '5'; 'Not running' = '2' }
    $seen = Invoke-Fleet @('antivirus') | Where-Object { $_.machineId -eq $script:machine }
    Assert-That ($seen.osKind -eq 'windows' -and $seen.osPlatform -like 'Windows*') "It says $($seen.osKind), $($seen.osPlatform)."
    Assert-That ($seen.avMode -eq $digits[$script:status.AMRunningMode]) "avMode is $($seen.avMode)."
    Assert-That ($seen.avSignatureVersion -eq $script:status.AntivirusSignatureVersion) "Signatures: $($seen.avSignatureVersion)."
    Write-Output "      $($seen.osPlatform) $($seen.osVersion), avMode $($seen.avMode), signatures $($seen.avSignatureVersion)"
  }

  Test-That 'a second agent is turned away from the same state' {
    $end = Invoke-Agent @('run')
    Assert-That ($end.Code -eq 1 -and $end.Err -match 'Another agent') "It ended with $($end.Code): $($end.Err)"
  }

  Test-That 'a quick scan succeeds, and its report says what Defender does not tell' {
    $scan = Wait-Ended (Request-Scan @('--type', 'quick')).id
    Assert-That ($scan.status -eq 'Succeeded') "It ended as $($scan.status)."
    Assert-That ($scan.report.engine.name -eq 'Microsoft Defender') "The engine is $($scan.report.engine.name)."
    Assert-That ($null -eq $scan.report.coverage) 'It has a coverage.'
    Assert-That ($scan.conclusion.word -ne 'clean') 'It is called clean.'
  }

  Test-That 'the EICAR test file is found and told' {
    # Protection in real time takes the file as it is written, and a detection counts from the start of a scan on. So
    # with it the file comes while a scan runs, and without it the scan is made of its folder.
    if ($script:status.RealTimeProtectionEnabled) {
      $id = (Request-Scan @('--type', 'quick')).id
      Wait-Started $id
      Write-Bait
    } else {
      Write-Bait
      $id = (Request-Scan @('--path', $bait)).id
    }
    $scan = Wait-Ended $id
    $found = @($scan.detections | Where-Object { $_.threatName -match 'EICAR' })
    Assert-That ($found.Count -gt 0) "The scan ended as $($scan.status) with $(@($scan.detections).Count) detections. Is $bait excluded in Defender?"
    Write-Output "      $($found[0].threatName) in $($found[0].path.text), $($found[0].disposition)"
  }

  Test-That 'a custom scan of a file that is not there ends, and says how' {
    $scan = Wait-Ended (Request-Scan @('--path', (Join-Path $bait 'not there'))).id
    Write-Output "      $($scan.status)"
  }

  Test-That 'a full scan that is cancelled stops, proven' {
    $id = (Request-Scan @('--type', 'full')).id
    Wait-Started $id
    Assert-That ([bool](Wait-Until { Get-ScanProcess } 'MpCmdRun.exe scans' 1)) 'MpCmdRun.exe does not run.'
    Assert-Stopped $id
  }

  Test-That 'a scan that a killed agent left behind is stopped, and begins anew' {
    $id = (Request-Scan @('--type', 'full')).id
    Wait-Started $id
    [void](Wait-Until { Get-ScanProcess } 'MpCmdRun.exe scans' 1)
    $script:agent.Kill()
    $script:agent.WaitForExit()
    $script:agent = Start-Agent
    [void](Wait-Until { (Get-Scan $id).attempts -ge 2 } 'the second attempt began')
    Assert-Stopped $id
  }
} finally {
  foreach ($process in @($script:agent, $script:server)) {
    if ($process -and -not $process.HasExited) { $process.Kill(); $process.WaitForExit() }
  }
  $mpCmdRun = Get-ChildItem (Join-Path $env:ProgramData 'Microsoft\Windows Defender\Platform\*\MpCmdRun.exe') -ErrorAction SilentlyContinue |
    Sort-Object LastWriteTime | Select-Object -Last 1
  if (Get-ScanProcess) { & $mpCmdRun.FullName -Scan -Cancel | Out-Null }
  $env:FLEETSWEEP_ENROLLMENT_TOKEN = $null
  if ($script:ownServer) {
    foreach ($name in 'URL', 'TENANT', 'CLIENT_ID', 'CLIENT_SECRET', 'CA') {
      Remove-Item -Path "env:FLEETSWEEP_$name" -ErrorAction SilentlyContinue
    }
  }
  if ($script:failed -gt 0) {
    Write-Output "What the agent said last ($(Join-Path $work 'agent.err')):"
    Get-Content -Tail 20 -Path (Join-Path $work 'agent.err') -ErrorAction SilentlyContinue
    Write-Output "State and outputs stay for a look: $top, $work"
  } else {
    Remove-Item -Recurse -Force -Path $top, $work -ErrorAction SilentlyContinue
  }
}

Write-Output $(if ($script:failed -eq 0) { 'All checks passed.' } else { "$($script:failed) checks failed." })
exit $script:failed
