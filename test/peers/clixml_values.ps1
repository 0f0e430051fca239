# make FOLDER: a value of every type that PowerShell's own serializer knows, each in NAME.xml.
# compare FOLDER: NAME.xml, and what winrm made of it in NAME.clixml and NAME.json.clixml, read by PowerShell: equal?
param([string]$what, [string]$folder)
$ErrorActionPreference = 'Stop'
$serializer = [System.Management.Automation.PSSerializer]
$utf8 = [System.Text.UTF8Encoding]::new($false)

function get-values {
    $values = [ordered]@{}
    $values.null = $null
    $values.bools = $true, $false
    $values.chars = [char]'a', [char]0, [char]0xD83D, [char]0xFFFF, [char]'é'
    $values.sbytes = [sbyte]::MinValue, [sbyte]::MaxValue
    $values.bytes = [byte]0, [byte]255
    $values.shorts = [int16]::MinValue, [uint16]::MaxValue
    $values.ints = [int]::MinValue, 0, [int]::MaxValue, [uint32]::MaxValue
    $values.longs = [long]::MinValue, [long]5, [long]::MaxValue, [uint64]::MaxValue
    $values.floats = [single]1.1, [single]::MaxValue, [single]::Epsilon, [single]::NaN, [single]::PositiveInfinity, [single]1e-5
    $values.doubles = 0.1, -0.0, 1e300, 5e-324, [double]::MaxValue, [double]::NaN, [double]::NegativeInfinity, 123456789.125, 1e15, 1e16
    $values.decimals = 1.50d, 0d, -0.0000000000000000000000000001d, [decimal]::MaxValue, [decimal]::MinValue
    $values.dates = [datetime]::MinValue, [datetime]::MaxValue, [datetime]::UtcNow, [datetime]::Now,
        [datetime]::new(2000, 2, 29, 23, 59, 59, [DateTimeKind]::Utc), [datetime]::new(633435073522731993, 'Unspecified')
    $values.spans = [timespan]::MinValue, [timespan]::MaxValue, [timespan]::Zero, [timespan]1, [timespan]'1.02:03:04.5', [timespan]::FromDays(3)
    $values.strings = '', ' ', '  a  ', "a`tb`r`nc", "`0`a`e`u{7f}`u{85}", '_x0041_', '_X0041_', '_x005F_x0041_', '__x', '<>&"''', ']]>',
        "é€", [char]::ConvertFromUtf32(0x1F600), "alone $([char]0xD83D) and $([char]0xDE00)$([char]0xD83D)"
    $values.long_string = 'x' * 1000000
    $values.guids = [guid]::Empty, [guid]'792e5b37-4505-47ef-b7d2-8711bb7affa8'
    $values.uris = [uri]'http://x/é?a=b&c=<d>', [uri]'relative/path'
    $values.versions = [version]'1.2', [version]'1.2.3', [version]'1.2.3.4', [semver]'1.2.3-beta+build'
    $values.xmls = [xml]'<a b="c">d<!-- e --><f/></a>', [xml]'<?xml version="1.0"?><x xmlns="urn:y">&amp;</x>'
    $values.scripts = { Get-ChildItem | Where-Object { $_.Length -gt 5 } }, {}
    $values.byte_array = , [byte[]](0..255)
    $values.no_bytes = , [byte[]]@()
    $values.enums = [ConsoleColor]::Blue, [DayOfWeek]::Friday, [System.IO.FileAttributes]'Hidden, System'
    $values.array = 1, 'two', 3.0, $null, @(4, @(5))
    $values.no_array = , @()
    $values.array_list = , [System.Collections.ArrayList]@(1, 2)
    $values.generic_list = , [System.Collections.Generic.List[int]]@(1, 2)
    $values.hashtable = @{ a = 1; 2 = 'b'; 'c d' = @{ e = 3 } }
    $values.ordered = [ordered]@{ z = 1; a = 2 }
    $values.generic_dictionary = [System.Collections.Generic.Dictionary[string, int]]::new()
    $values.generic_dictionary['k'] = 7
    $values.stack = , [System.Collections.Stack]@(1, 2, 3)
    $values.queue = , [System.Collections.Queue]@(1, 2, 3)
    $values.generic_stack = , [System.Collections.Generic.Stack[string]]::new([string[]]('a', 'b'))
    $values.generic_queue = , [System.Collections.Generic.Queue[string]]::new([string[]]('a', 'b'))
    $values.set = , [System.Collections.Generic.HashSet[string]]::new([string[]]('a', 'b'))
    $values.custom = [pscustomobject]@{ Name = 'x'; 'odd name_x0041_<&' = 1; Inner = [pscustomobject]@{ a = $null; b = @() } }
    $values.noted = 'text' | Add-Member note 5 -PassThru | Add-Member other 'z' -PassThru
    $values.noted_number = 5 | Add-Member note 'five' -PassThru
    $values.typed = [pscustomobject]@{ PSTypeName = 'My.Type'; a = 1 }
    $shared = [pscustomobject]@{ s = 1 }
    $values.shared = $shared, $shared, @{ again = $shared }
    $values.loop = [pscustomobject]@{ name = 'loop' }
    $values.loop | Add-Member self $values.loop
    $values.loop | Add-Member list @(1, $values.loop)
    $values.table_loop = @{ a = 1 }
    $values.table_loop.self = $values.table_loop
    $values.file = Get-Item $PSCommandPath
    $values.process = Get-Process -Id $PID
    $values.exception = [System.InvalidOperationException]::new('outer', [System.Exception]::new('inner'))
    $values.error_record = try { Get-Item /does/not/exist -ErrorAction Stop } catch { $_ }
    $values.thrown = try { throw 'words' } catch { $_ }
    $values.information = [System.Management.Automation.InformationRecord]::new('data', 'source')
    $values.warning = [System.Management.Automation.WarningRecord]::new('id', 'careful')
    $values.progress = [System.Management.Automation.ProgressRecord]::new(3, 'activity', 'status')
    $values.date_offset = [datetimeoffset]::new(2020, 1, 2, 3, 4, 5, [timespan]::FromHours(-7))
    $values.others = [bigint]'123456789012345678901234567890', [regex]'a+', [ipaddress]'::1', [cultureinfo]'de-DE', [int], [System.Text.Encoding]::UTF8
    $values.select = Get-Process -Id $PID | Select-Object Name, Id, @{ n = 'Now'; e = { Get-Date } }
    $values.measure = 1, 2, 3 | Measure-Object -Sum
    $values.command = Get-Command Get-ChildItem
    $deep = 'bottom'
    foreach ($i in 1..15) { $deep = [pscustomobject]@{ level = $i; next = $deep } }
    $values.deep = $deep
    try { $values.secure = ConvertTo-SecureString 'secret' -AsPlainText -Force } catch { }
    try { $values.credential = [pscredential]::new('user', (ConvertTo-SecureString 'secret' -AsPlainText -Force)) } catch { }
    $values
}

if ($what -eq 'make') {
    $values = get-values
    foreach ($name in $values.Keys) {
        $depth = if ($name -in 'deep', 'shared', 'loop', 'table_loop', 'custom') { 20 } else { 2 }
        try { $text = $serializer::Serialize($values[$name], $depth) }
        catch { "cannot: $name $($_.Exception.Message)"; continue } # U+FFFF in a string, say
        [System.IO.File]::WriteAllText("$folder/$name.xml", $text, $utf8)
    }
    exit 0
}
# Once more in PowerShell's own words: what it has understood.
function get-meaning($file) { $serializer::Serialize($serializer::Deserialize([System.IO.File]::ReadAllText($file)), 20) }
$count = 0
foreach ($file in Get-ChildItem $folder -Filter *.xml) {
    $expected = get-meaning $file.FullName
    foreach ($ours in "$($file.BaseName).clixml", "$($file.BaseName).json.clixml") {
        $got = try { get-meaning "$folder/$ours" } catch { "not read: $($_.Exception.InnerException.Message)" }
        if ($got -cne $expected) { "differs: $ours" } else { ++$count }
    }
}
"equal: $count"
