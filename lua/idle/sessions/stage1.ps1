$ProgressPreference='SilentlyContinue'
$m=$ExecutionContext.SessionState.LanguageMode
if("$m" -ne 'FullLanguage'){"IDLE-REFUSED language-mode $m";exit 41}
$r=New-Object IO.StreamReader([Console]::OpenStandardInput(),(New-Object Text.ASCIIEncoding),$false,65536)
&([scriptblock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($r.ReadLine())))) $r
