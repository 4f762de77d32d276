//! Templates and what they give.

pub(crate) const CASES: &[(&str, &str)] = &[
    ("{{ .i }} {{ .f }} {{ .big }} {{ .neg }} {{ .zero }}", "1e+06 1.5 1.23456789012e+11 -3 0"),
    (
        "{{ .map }} {{ .list }} {{ .mixed }} {{ .nested }} {{ .elist }} {{ .emap }}",
        "map[a:1 b:2 c:map[y:[1 2] z:1]] [1 2 x] [<nil> a map[k:v] 1.5 true] [[1 2] [3]] [] map[]",
    ),
    (
        r#"{{ printf "%v %+v %#v %T %q %s %d %x %t" .map .map .map .map .map .map .map .map .map }}"#,
        r#"map[a:1 b:2 c:map[y:[1 2] z:1]] map[a:1 b:2 c:map[y:[1 2] z:1]] map[string]interface {}{"a":1, "b":2, "c":map[string]interface {}{"y":[]interface {}{1, 2}, "z":1}} map[string]interface {} map["a":%!q(float64=1) "b":%!q(float64=2) "c":map["y":[%!q(float64=1) %!q(float64=2)] "z":%!q(float64=1)]] map[a:%!s(float64=1) b:%!s(float64=2) c:map[y:[%!s(float64=1) %!s(float64=2)] z:%!s(float64=1)]] map[%!d(string=a):%!d(float64=1) %!d(string=b):%!d(float64=2) %!d(string=c):map[%!d(string=y):[%!d(float64=1) %!d(float64=2)] %!d(string=z):%!d(float64=1)]] map[61:0x1p+00 62:0x1p+01 63:map[79:[0x1p+00 0x1p+01] 7a:0x1p+00]] map[%!t(string=a):%!t(float64=1) %!t(string=b):%!t(float64=2) %!t(string=c):map[%!t(string=y):[%!t(float64=1) %!t(float64=2)] %!t(string=z):%!t(float64=1)]]"#,
    ),
    (
        r#"{{ printf "%v %+v %#v %T %q %s %d %x %t" .mixed .mixed .mixed .mixed .mixed .mixed .mixed .mixed .mixed }}"#,
        r#"[<nil> a map[k:v] 1.5 true] [<nil> a map[k:v] 1.5 true] []interface {}{interface {}(nil), "a", map[string]interface {}{"k":"v"}, 1.5, true} []interface {} [<nil> "a" map["k":"v"] %!q(float64=1.5) %!q(bool=true)] [<nil> a map[k:v] %!s(float64=1.5) %!s(bool=true)] [<nil> %!d(string=a) map[%!d(string=k):%!d(string=v)] %!d(float64=1.5) %!d(bool=true)] [<nil> 61 map[6b:76] 0x1.8p+00 %!x(bool=true)] [<nil> %!t(string=a) map[%!t(string=k):%!t(string=v)] %!t(float64=1.5) true]"#,
    ),
    (
        r#"{{ printf "%d" 1.5 }} {{ printf "%s" 5 }} {{ printf "%d" "x" }} {{ printf "%d" }} {{ printf "%d" 1 2 }} {{ printf "%!" 1 }} {{ printf "%" }}"#,
        "%!d(float64=1.5) %!s(int=5) %!d(string=x) %!d(MISSING) 1%!(EXTRA int=2) %!!(int=1) %!(NOVERB)",
    ),
    (
        r#"{{ printf "%[2]d %[1]d" 1 2 }} {{ printf "%[3]d" 1 }} {{ printf "%[x]d" 1 }} {{ printf "%[1]" 1 }} {{ printf "%[1" 1 }} {{ printf "%[]d" 1}}"#,
        "2 1 %!d(BADINDEX) %!d(BADINDEX) %!(NOVERB) %!(NOVERB) %!d(BADINDEX)",
    ),
    (r#"{{ printf "%*d|%-*d|%.*f" 5 1 5 2 3 1.23456 }}"#, "    1|2    |1.235"),
    (
        r#"{{ printf "%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%#o|%O|%b|%#b|%c|%q|%U|%#U" 42 42 42 42 42 42 42 42 42 42 42 42 42 65 65 65 9731 }}"#,
        "   42|42   |00042|+42| 42|2a|2A|0x2a|52|052|0o52|101010|0b101010|A|'A'|U+0041|U+2603 '☃'",
    ),
    (
        r#"{{ printf "%5.2f|%-8.3f|%08.3f|%+.1f|%e|%E|%g|%G|%b|%x|%X|%#g|%#.3g|%F" 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.14159 3.0 3.0 2.5 }}"#,
        " 3.14|3.142   |0003.142|+3.1|3.141590e+00|3.141590E+00|3.14159|3.14159|7074231776675438p-51|0x1.921f9f01b866ep+01|0X1.921F9F01B866EP+01|3.00000|3.00|2.500000",
    ),
    (
        r#"{{ printf "%g %g %g %g %g %g" 1e6 1e20 1e21 1e-4 1e-5 123456789.0 }}"#,
        "1e+06 1e+20 1e+21 0.0001 1e-05 1.23456789e+08",
    ),
    (r#"{{ printf "%6.3v|%6v|%-6v|" 3.14159 1.5 1.5 }}"#, "  3.14|   1.5|1.5   |"),
    (
        r#"{{ printf "%s|%10s|%-10s|%.2s|%q|%x|%X|% x|%#x|%# x|%+q" "héllo" "héllo" "héllo" "héllo" "héllo" "héllo" "héllo" "héllo" "héllo" "héllo" "héllo" }}"#,
        r#"héllo|     héllo|héllo     |hé|"héllo"|68c3a96c6c6f|68C3A96C6C6F|68 c3 a9 6c 6c 6f|0x68c3a96c6c6f|0x68 0xc3 0xa9 0x6c 0x6c 0x6f|"h\u00e9llo""#,
    ),
    (r#"{{ printf "%q %q %#q %q" "a\tb" "\x00\u2028" "a`b" `a"b` }}"#, r#""a\tb" "\x00\u2028" "a`b" "a\"b""#),
    (r#"{{ printf "%t %v %5t" true false true }}"#, "true false  true"),
    (r#"{{ printf "%v %d %s" nil nil nil }} {{ printf "%T" nil }}"#, "<nil> %!d(<nil>) %!s(<nil>) <nil>"),
    (
        r#"{{ printf "%p" 1 }} {{ printf "%z" 1 }} {{ printf "%z" "a" }} {{ printf "%w" "a" }}"#,
        "%!p(int=1) %!z(int=1) %!z(string=a) %!w(string=a)",
    ),
    (
        r#"{{ printf "%v %v" (1i) 1+2i }} {{ printf "%.2f" 1+2i }} {{ printf "%d" 1i }}"#,
        "(0+1i) (1+2i) (1.00+2.00i) %!d(complex128=(0+1i))",
    ),
    (
        r#"{{ print 1 2 }} {{ print "a" 1 }} {{ print "a" "b" }} {{ print 1 2 "c" 3 4 nil }} {{ println "a" 1 nil }}"#,
        "1 2 a1 ab 1 2c3 4 <nil> a 1 <nil>\n",
    ),
    ("{{ $x := .nope }}{{ $x }}{{ $x.y }}", "<no value><no value>"),
    (
        "{{ range 3 }}{{ . }},{{ end }}{{ range $i := 2 }}{{ $i }}{{ end }}{{ range 0 }}x{{ else }}none{{ end }}",
        "0,1,2,01none",
    ),
    ("{{ range .nul }}a{{ else }}b{{ end }}{{ range .nope }}a{{ else }}b{{ end }}", "bb"),
    ("{{ range $k, $v := .map }}{{ $k }}={{ $v }};{{ end }}", "a=1;b=2;c=map[y:[1 2] z:1];"),
    (
        "{{ range $i, $e := .strs }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ if eq $i 3 }}{{ break }}{{ end }}{{ $i }}{{ $e }}{{ end }}",
        "0b2c",
    ),
    ("{{ $x := 1 }}{{ range .strs }}{{ $x = . }}{{ end }}{{ $x }}", "a"),
    ("{{ $i := 0 }}{{ $v := 0 }}{{ range $i, $v = .strs }}{{ end }}{{ $i }}{{ $v }}", "3a"),
    ("{{ if .nope }}a{{ else if .s }}b{{ else }}c{{ end }}", "b"),
    ("{{ with .nope }}a{{ else with .s }}{{ . }}{{ else }}c{{ end }}", "hello"),
    ("{{ with $x := .s }}{{ $x }}{{ . }}{{ end }}", "hellohello"),
    ("{{ .s | quote 1 }}", r#""1" "hello""#),
    ("{{ eq .nul nil }} {{ eq .nope nil }} {{ ne .s nil }} {{ eq nil nil }}", "true true true true"),
    ("{{ eq .nul .list }}", "false"),
    (
        r#"{{ eq 1 2 3 1 }} {{ eq "a" "b" "a" }} {{ ne 1 2 }} {{ lt 1 2 }} {{ lt "a" "b" }} {{ le 1 1 }} {{ gt 1.5 1.0 }} {{ ge 2 2 }}"#,
        "true true true true true true true true",
    ),
    (r#"{{ and .nope (fail "x") }} {{ or .s (fail "x") }}"#, "<no value> hello"),
    (r#"{{ len .s }} {{ len .list }} {{ len .map }} {{ len "héllo" }}"#, "5 3 3 6"),
    (
        r#"{{ index .list 0 }} {{ index .map "a" }} {{ index .map "nope" }} {{ index .s 0 }} {{ index .deep "l1" "l2" "l3" }} {{ index .nested 0 1 }}"#,
        "1 1 <no value> 104 v 2",
    ),
    ("{{ slice .list 1 }} {{ slice .list 1 2 }}", "[2 x] [2]"),
    (
        r#"{{ html .html }} {{ js .html }} {{ urlquery .html " é" }} {{ html 1 2 }} {{ html nil }} {{ js "a\x00\n=é\u2028" }}"#,
        r#"&lt;a href=&#39;x&#39;&gt;&amp;&#34;&lt;/a&gt; \u003Ca href\u003D\'x\'\u003E\u0026\"\u003C/a\u003E %3Ca+href%3D%27x%27%3E%26%22%3C%2Fa%3E+%C3%A9 1 2 &lt;no value&gt; a\u0000\u000A\u003Dé\u2028"#,
    ),
    (
        r#"{{ define "x" }}[{{ . }}]{{ end }}{{ template "x" }}{{ template "x" .s }}{{ include "x" 1 }}"#,
        "[<no value>][hello][1]",
    ),
    (r#"{{ block "b" .s }}<{{ . }}>{{ end }}"#, "<hello>"),
    (r#"{{ define "x" }}a{{ end }}{{ define "x" }} {{ end }}{{ template "x" }}"#, "a"),
    (r#"a {{- 1 -}} b {{- "x" }} c"#, "a1bx c"),
    ("a{{/* comment */}}b{{- /* c */ -}} d", "abd"),
    ("{{-1}} {{- 1}} {{ -1 }} {{ +1 }}", "-11 -1 1"),
    (
        r#"{{ 0x1F }} {{ 0b11 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }} {{ 1e3 }} {{ 'a' }} {{ '\n' }} {{ 0x1p4 }} {{ 1.5e-3 }} {{ .5 }} {{ 5. }} {{ 1i }} {{ 0x_1F }}"#,
        "31 3 15 15 1000 1000 97 10 16 0.0015 0.5 5 (0+1i) 31",
    ),
    ("{{ 9223372036854775807 }} {{ -9223372036854775808 }}", "9223372036854775807 -9223372036854775808"),
    (r#"{{ "\u00e9\x41\101\U0001F600" }}"#, "éAA😀"),
    ("{{ .s | }}", "hello"),
    ("{{ $x := 1 | print }}{{ $x }}", "1"),
    (
        "{{ $.s }} {{ $ }}",
        "hello map[big:1.23456789012e+11 deep:map[l1:map[l2:map[l3:v]]] elist:[] emap:map[] empty: f:1.5 fa:false html:<a href='x'>&\"</a> i:1e+06 list:[1 2 x] map:map[a:1 b:2 c:map[y:[1 2] z:1]] mixed:[<nil> a map[k:v] 1.5 true] multi:line1\nline2\n neg:-3 nested:[[1 2] [3]] nul:<nil> numstr:42 s:hello strs:[b a c a] t:true tpl:{{ .s }} uni:héllo wörld ☃ zero:0]",
    ),
    ("{{ $x := .map }}{{ $x.a }} {{ $x.c.z }}", "1 1"),
    ("{{ print (.map).a (index .list 0) }}", "1 1"),
    ("{{ print 1 | print 2 }}", "21"),
    (r#"{{ "a" | printf "%s-%s" "b" }}"#, "b-a"),
    (r#"{{ dict 1 2 "a" }} {{ dict }}"#, "map[1:2 a:] map[]"),
    (r#"{{ hasKey nil "a" }} {{ get nil "a" }}"#, "false "),
    (
        "{{ first .elist }} {{ first .strs }} {{ last .strs }} {{ rest .strs }} {{ initial .strs }}",
        "<no value> b a [a c a] [b a c]",
    ),
    (
        r#"{{ toDate "2006-01-02" "2020-03-04" }} {{ toDate "2006-01-02" "x" }} {{ toDate "Jan 2 2006 15:04:05.000 -0700 MST" "Feb 3 2021 04:05:06.789 +0200 EET" }}"#,
        "2020-03-04 00:00:00 +0000 UTC 0001-01-01 00:00:00 +0000 UTC 2021-02-03 04:05:06.789 +0200 EET",
    ),
    (
        r#"{{ mustToDate "Mon Jan _2 15:04:05 2006" "Tue Feb  3 04:05:06 2021" }} {{ mustToDate "3:04PM" "4:05AM" }} {{ mustToDate "2006-002" "2020-366" }}"#,
        "2021-02-03 04:05:06 +0000 UTC 0000-01-01 04:05:00 +0000 UTC 2020-12-31 00:00:00 +0000 UTC",
    ),
    (
        r#"{{ dateInZone "2006-01-02 15:04:05 -0700 MST" 1600000000 "America/New_York" }} {{ dateInZone "2006-01-02 15:04:05 -0700 MST" 1600000000 "Asia/Tokyo" }} {{ dateInZone "2006-01-02 15:04:05 MST" 1600000000 "Nope/Nope" }} {{ dateInZone "15:04 MST -07" 1600000000 "America/Sao_Paulo" }}"#,
        "2020-09-13 08:26:40 -0400 EDT 2020-09-13 21:26:40 +0900 JST 2020-09-13 12:26:40 UTC 09:26 -03 -03",
    ),
    (r#"{{ htmlDate 1600000000 }} {{ htmlDateInZone 1600000000 "Asia/Tokyo" }}"#, "2020-09-13 2020-09-13"),
    (
        r#"{{ toDate "2006-01-02" "2020-03-04" | dateModify "-1.5h" }} {{ toDate "2006-01-02" "2020-03-04" | date_modify "x" }} {{ toDate "2006-01-02" "2020-03-04" | unixEpoch }}"#,
        "2020-03-03 22:30:00 +0000 UTC 2020-03-04 00:00:00 +0000 UTC 1583280000",
    ),
    (
        r#"{{ $t := toDate "2006-01-02T15:04:05Z07:00" "2020-03-04T05:06:07+02:00" }}{{ $t }} {{ $t.Year }} {{ $t.Month }} {{ $t.Day }} {{ $t.Hour }} {{ $t.Unix }} {{ $t.Weekday }} {{ $t.YearDay }} {{ $t.UTC }} {{ $t.Format "Jan 2" }} {{ $t | toJson }} {{ $t.AddDate 0 1 30 }} {{ $t.Add 3600000000000 }} {{ $t.IsZero }} {{ $t.UnixNano }} {{ printf "%d %T %v" $t.Month $t.Month $t.Month }}"#,
        r#"2020-03-04 05:06:07 +0200 +0200 2020 March 4 5 1583291167 Wednesday 64 2020-03-04 03:06:07 +0000 UTC Mar 4 "2020-03-04T05:06:07+02:00" 2020-05-04 05:06:07 +0200 +0200 2020-03-04 06:06:07 +0200 +0200 false 1583291167000000000 3 time.Month March"#,
    ),
    (
        r#"{{ duration "95" }} {{ duration 95 }} {{ duration (int64 3661) }} {{ durationRound "2h10m5s" }} {{ durationRound "400h" }} {{ durationRound "x" }} {{ durationRound (int64 100000000000000000) }} {{ durationRound "-90m" }}"#,
        "1m35s 0s 1h1m1s 2h 16d 0s 3y 1h",
    ),
    (
        r#"{{ eq (toDate "2006" "2020") (toDate "2006" "2020") }} {{ kindOf (toDate "2006" "2020") }}"#,
        "true struct",
    ),
    (
        r#"{{ $x := dict "a" 1 }}{{ $y := $x }}{{ $_ := set $y "b" 2 }}{{ $x }} {{ unset $x "a" }} {{ $y }}"#,
        "map[a:1 b:2] map[b:2] map[b:2]",
    ),
    (
        r#"{{ $x := dict "a" (dict "b" 1) }}{{ $y := merge (dict) $x }}{{ $_ := set $y.a "c" 2 }}{{ $x }}"#,
        "map[a:map[b:1 c:2]]",
    ),
    (
        r#"{{ regexMatch "^[a-z]+\\d{2,}$" "abc12" }} {{ regexFind "a(b+)c" "xxabbbcyy" }} {{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }} {{ regexReplaceAll "a(x*)b" "-ab-axxb-" "$1W" }} {{ regexReplaceAll "" "abc" "-" }} {{ regexSplit "" "abc" -1 }} {{ regexSplit "z+" "pizza" -1 }} {{ regexFindAll "a?" "baac" -1 }}"#,
        "true abbbc -W-xxW- --- -a-b-c- [a b c] [pi a] [ a a ]",
    ),
    (
        r#"{{ regexMatch "(?=x)" "x" }} {{ regexMatch "[[:alpha:]]+" "x" }} {{ regexMatch "\\pL+" "é" }} {{ regexMatch "(?i)ABC" "abc" }} {{ regexFind "[a&&b]+" "a&b" }} {{ regexFind "[[]+" "[[" }} {{ regexFind "a{,2}" "a{,2}" }} {{ regexFind "\\Qa.b\\E+" "a.bbb" }} {{ regexFind "\\w+" "é_x" }} {{ regexFind "\\bfoo\\b" "a foo b" }} {{ regexFind "[^\\d\\s]+" "12 ab" }} {{ regexFind "x*" "é" }}"#,
        "false true true true a&b [[ a{,2} a.bbb _x foo ab ",
    ),
    (r#"{{ mustRegexMatch "(?P<n>a)" "a" }} {{ mustRegexMatch "(?<n>a)" "a" }}"#, "true true"),
];
