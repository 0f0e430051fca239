# A real PowerShell as a client over `winrm psrp`: a transport of its own, as PowerShell has allowed since 7.3.
# pwsh -Command "& bridge.ps1 winrm @('psrp', HOST, …) { param(\$s) … }" runs the block with an open session.
param([string]$Program, [string[]]$Words, [scriptblock]$What)
Add-Type -TypeDefinition @'
using System; using System.Diagnostics; using System.Management.Automation; using System.Management.Automation.Internal; using System.Management.Automation.Remoting; using System.Management.Automation.Remoting.Client; using System.Management.Automation.Runspaces; using System.Threading;
public class BridgeInfo : RunspaceConnectionInfo {
  public string Program; public string[] Words;
  public BridgeInfo(string p, string[] w) { Program = p; Words = w; }
  public override string ComputerName { get; set; } = "bridge";
  public override PSCredential Credential { get; set; }
  public override AuthenticationMechanism AuthenticationMechanism { get; set; }
  public override string CertificateThumbprint { get; set; } = "";
  public override RunspaceConnectionInfo Clone() { return new BridgeInfo(Program, Words); }
  public override BaseClientSessionTransportManager CreateClientSessionTransportManager(Guid id, string name, PSRemotingCryptoHelper helper) { return new BridgeTransport(this, id, helper); }
}
public class BridgeTransport : ClientSessionTransportManagerBase {
  BridgeInfo info; Process child;
  public BridgeTransport(BridgeInfo i, Guid id, PSRemotingCryptoHelper h) : base(id, h) { info = i; }
  public override void CreateAsync() {
    var s = new ProcessStartInfo(info.Program) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
    foreach (var w in info.Words) s.ArgumentList.Add(w);
    child = Process.Start(s);
    SetMessageWriter(child.StandardInput);
    new Thread(() => { string line; while ((line = child.StandardOutput.ReadLine()) != null) HandleOutputDataReceived(line); }) { IsBackground = true }.Start();
    SendOneItem();
  }
  protected override void CleanupConnection() { try { child.StandardInput.Close(); if (!child.WaitForExit(5000)) child.Kill(); } catch {} }
}
'@
function Open { [CmdletBinding()] param()
  $info = [BridgeInfo]::new($Program, $Words)
  $r = [RunspaceFactory]::CreateRunspace($info, $Host, [System.Management.Automation.Runspaces.TypeTable]::LoadDefaultTypeFiles())
  $r.Open()
  [System.Management.Automation.Runspaces.PSSession]::Create($r, 'OpenWinRM', $PSCmdlet)
}
$s = Open
try { & $What $s } finally { Remove-PSSession $s }
