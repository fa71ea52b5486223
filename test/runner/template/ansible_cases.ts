import type { Scope } from '../../../src/runner/template/template.ts'

/** What both Ansible and we are asked, one line each. */
export const SCOPE: Scope = {
  name: 'web01', empty: '', zero: 0, one: 1, n: 7, half: 0.5, yes: true, no: false, nothing: null,
  text: 'The quick brown fox', path: '/etc/modprobe.d/vfio.conf', csv: 'a,b,,c', kernel: '6.1.0-18-amd64',
  multi: 'first line\n\n  second line\nthird', unicode: 'Grüße 🦊 naïve', html: '<b class="x">Tom & \'Jerry\'</b>',
  nums: [3, 1, 2, 3], mixed: ['b', 'A', 'c', 'a'], nested: [1, [2, [3, [4]]], null], none_list: [null, 0, '', 'x'],
  table: { b: 2, a: 1, C: 3 }, deep: { x: { y: { z: 'end' } }, l: [1, 2] },
  users: [
    { name: 'ann', uid: 1001, groups: ['wheel', 'kvm'], admin: true },
    { name: 'Bob', uid: 1000, groups: [], admin: false },
    { name: 'cid', uid: 1002, groups: ['kvm'] },
  ],
  devices: { gpu: { id: '10de:13c2', group: 1 }, audio: { id: '10de:0fbb', group: 1 }, usb: { id: '8086:a12f', group: 4 } },
  done: { changed: true, failed: false, rc: 0, stdout: 'ok' }, broken: { changed: false, failed: true, rc: 1 },
  left_out: { skipped: true, changed: false }, rounds: { results: [{ changed: false }, { changed: true }] },
  lost: { unreachable: true }, url: 'https://user:pw@Host.example.com:8443/a/b.html?q=1&r=2#top',
  tree: [{ n: 'a', c: [{ n: 'b', c: [] }, { n: 'c', c: [{ n: 'd', c: [] }] }] }, { n: 'e', c: [] }],
} // biome-ignore format: a table

/** Each is put into a list, so that the answer shows its type. */
export const EXPRESSIONS = `
1 + 2
1 + 2.0
7 / 2
6 / 2
7 // 2
-7 // 2
7.0 // 2
-7 % 3
7 % -3
7.5 % 2
2 ** 10
2 ** -1
2 ** 3 ** 2
2.0 ** 2
-2 ** 2
1e3
1.5e-7
1e16
0x1f
0b101
0o17
1_000
0.1 + 0.2
1/3
100 * 1.1
'a' ~ 1 ~ none ~ true
'a' + 'b'
'ab' * 3
3 * 'ab'
[1] * 2
[1] + [2, 'x']
(1, 2) + (3,)
(1,)
()
1 == 1.0
1 == true
'1' == 1
[1] == (1,)
{'a': 1} == {'a': 1.0}
1 < 2 < 3
1 < 3 < 2
'a' < 'b'
[1, 2] < [1, 3]
(1, 'a') < (1, 'b')
'a' in 'abc'
'x' in table
'a' in table
2 in nums
4 not in nums
not yes
not no and yes
yes or no
none or 'x'
'' or 0 or []
1 and 'x'
'x' if yes else 'y'
'x' if no else 'y'
'x' if no else 'y' if no else 'z'
('x' if no)|default('undefined')
{'a': 1, 'b': [true, none, 1.0]}
{'a': {'b': "it's"}}
["it's", 'say "hi"']
'tab\\there'
'unicode: ' ~ unicode
unicode
multi
text[0]
text[-1]
text[4:9]
text[::-1]
text[:-4]
nums[1:]
nums[::2]
nums[::-1]
nums[-2:]
nums[5:]
(1, 2, 3)[1:]
nums[0]
users[0].name
users[0]['name']
users.0.name
users[-1].uid
table.a
table['b']
deep.x.y.z
deep['x'].y['z']
deep.x.missing | default('d')
missing | default('d')
missing.a.b | default('d')
missing | default
missing | d(1)
'' | default('x')
'' | default('x', true)
none | default('x')
none | default('x', true)
0 | default(5, boolean=true)
missing | default(omitted | default('z'))
missing is defined
name is defined
table.zz is defined
table.a is not undefined
nothing is none
nothing is not none
1 is number
1.0 is number
true is number
'1' is number
1 is integer
1.0 is integer
true is integer
1.0 is float
1 is float
true is boolean
1 is boolean
'a' is string
1 is string
table is mapping
nums is mapping
nums is sequence
table is sequence
'a' is sequence
1 is sequence
nums is iterable
1 is iterable
yes is true
1 is true
no is false
3 is odd
3 is even
-3 is odd
6 is divisibleby 3
6 is divisibleby(4)
'abc' is lower
'aBc' is lower
'ABC' is upper
'123' is lower
1 is eq 1
1 is ne 2
1 is lt 2
1 is le 1
2 is gt 1
2 is ge 3
1 is sameas 1
1 is sameas true
1 is sameas 1.0
none is sameas none
1 is in [1, 2]
'x' is in 'abc'
nums is contains(3)
'abc' is contains('b')
[1, 2] is subset([1, 2, 3])
[1, 5] is subset([1, 2, 3])
[1, 2, 3] is superset([1, 2])
[true, 1] is all
[true, 0] is all
[0, 1] is any
[] is any
[] is all
'upper' is filter
'odd' is test
'abc' is match('ab')
'abc' is match('bc')
'abc' is search('bc')
'abc' is regex('^a.c$')
'ABC' is match('abc', ignorecase=true)
'a\\nb' is search('^b', multiline=true)
multi is search('^third$', multiline=true)
multi is match('first line$')
kernel is version('6.1', '>=')
kernel is version('6.2', '<')
'1.2.3' is version('1.2.3')
'1.2.3' is version('1.10', 'lt')
'1.2.3' is version('1.2.4', '!=')
'1.2.3' is version('1.2.3', 'eq', strict=true)
'1.2b1' is version('1.2', '<', strict=true)
'1.2' is version('1.2.0', '==', strict=true)
'1.2' is version('1.2.0', '==')
'1.2.3-rc.1' is version('1.2.3', '<', version_type='semver')
'1.2.3-rc.1' is version('1.2.3-rc.2', '<', version_type='semver')
'1.2.3-alpha' is version('1.2.3-1', '>', version_type='semver')
'1.2.3+b1' is version('1.2.3+b2', '==', version_type='semver')
'2.0.0' is version_compare('10.0.0', '<', version_type='semantic')
'' is truthy
'no' is truthy
'no' is truthy(convert_bool=true)
'yes' is falsy(convert_bool=true)
[] is falsy
done is changed
done is failed
done is succeeded
done is success
broken is failed
broken is not changed
left_out is skipped
done is skip
rounds is changed
rounds is failed
lost is unreachable
done is reachable
done is finished
'/etc' is abs
'etc' is abs
'http://a.b/c' is url
'mailto:a@b' is url
'mailto:a@b' is uri
'urn:isbn:1' is urn
'http://a.b' is url(schemes=['https'])
name is vault_encrypted
name is callable
name is escaped
1.5 is nan
-5 | abs
-5.5 | abs
true | abs
[1, 2, 3, 4, 5] | batch(2) | list
[1, 2, 3, 4, 5] | batch(2, 'x') | list
'yes' | bool
'no' | bool
1 | bool
0 | bool
'True' | bool
none | bool
'abc' | capitalize
'ABC def' | capitalize
'' | capitalize
'ab' | center(7)
'abc' | center(8)
'abc' | center(2)
nums | count
table | length
'abc' | length
table | dictsort
table | dictsort(true)
table | dictsort(false, 'value')
table | dictsort(reverse=true)
('' ~ (html | escape))
('' ~ (html | e))
('' ~ (html | forceescape))
1000000 | filesizeformat
1024 | filesizeformat(true)
1 | filesizeformat
999 | filesizeformat
12345678901 | filesizeformat
1500000000000000000000000000 | float | filesizeformat
nums | first
nums | last
[] | first | default('none')
'abc' | first
'1.5' | float
'abc' | float
'abc' | float(2.5)
5 | float
'1e3' | float
'%s is %d years and %.2f' | format('Tom', 7, 1.234)
'%(a)s-%(b)05d' | format(a=1, b=2)
'%x %X %o %#x' | format(255, 255, 8, 255)
'%5s|%-5s|%05.1f|%+d' | format('a', 'b', 2.25, 3)
'%e %g %g' | format(12345.678, 0.00001234, 1234567)
'100%% %s' | format('x')
'%r' | format('a')
users | groupby('admin', default=false)
devices.values() | list | groupby('group')
(devices.values() | groupby('group'))[0].grouper
(devices.values() | groupby('group'))[0].list | length
users | map(attribute='name') | groupby(0)
'a\\nb' | indent
multi | indent(2)
multi | indent(2, true)
multi | indent(2, true, true)
multi | indent(width='>> ', first=true)
'12' | int
'12.9' | int
'abc' | int
'abc' | int(5)
'0x1A' | int(base=16)
'ff' | int(0, 16)
'0b11' | int(base=2)
'777' | int(base=8)
3.99 | int
-3.99 | int
true | int
none | int
' 42 ' | int
'1e3' | int
'-12' | int
table | items | list
nums | join
nums | join('-')
users | join(', ', attribute='name')
[1, none, true, 1.0] | join(' ')
(1, 2) | list
'abc' | list
table | list
'ABC' | lower
nums | map('string') | list
nums | map('multiply') | default('x')
users | map(attribute='name') | list
users | map(attribute='groups.0', default='none') | list
users | map(attribute='admin', default=false) | list
['a', 'b'] | map('upper') | list
['a1', 'b2'] | map('regex_replace', '[0-9]', 'X') | list
['a1', 'B2'] | map('regex_replace', 'b', 'X', ignorecase=true) | list
['1', '2'] | map('int') | sum
['x'] | map('default', 'y') | list
[[1, 2], [3]] | map('length') | list
[[3, 1], [2]] | map('sort') | list
users | map('combine', {'x': 1}) | map(attribute='x') | list
nums | max
nums | min
mixed | max
mixed | min
mixed | max(case_sensitive=true)
users | max(attribute='uid')
[] | max | default('none')
[1, 2.5] | max
nums | random(seed='web01')
59 | random(seed='web01')
59 | random(seed='db02.example.com')
100 | random(start=10, step=5, seed='x')
100 | random(1, 10, seed=42)
1000000 | random(seed=1)
['a', 'b', 'c', 'd'] | shuffle(seed='web01')
[1, 2, 3, 4, 5, 6, 7, 8, 9, 10] | shuffle(seed=7)
nums | reject('odd') | list
nums | select('gt', 1) | list
none_list | select | list
none_list | reject | list
nums | select('in', [1, 2]) | list
['abc', 'bcd'] | select('match', 'b') | list
['abc', 'bcd'] | reject('search', 'd$') | list
['abc', 'BCD'] | select('match', 'b', ignorecase=true) | list
users | selectattr('admin', 'defined') | map(attribute='name') | list
users | selectattr('uid', 'gt', 1000) | map(attribute='name') | list
users | selectattr('groups', 'contains', 'kvm') | map(attribute='name') | list
users | selectattr('groups') | map(attribute='name') | list
users | rejectattr('name', 'equalto', 'Bob') | list | length
users | rejectattr('admin', 'undefined') | map(attribute='name') | list
users | selectattr('name', 'in', ['ann', 'cid']) | map(attribute='uid') | list
'aaa' | replace('a', 'b')
'aaa' | replace('a', 'b', 2)
1.5 | replace('.', ',')
'abc' | reverse
nums | reverse | list
42.55 | round
42.55 | round(1)
42.55 | round(1, 'floor')
42.55 | round(1, 'ceil')
42 | round
42 | round(method='ceil')
0.5 | round
1.5 | round
2.5 | round
2.675 | round(2)
0.125 | round(2)
1.005 | round(2)
1234.567 | round(-2)
1234 | round(-2)
4.35 | round(1)
nums | slice(2) | list
[1, 2, 3, 4, 5] | slice(3) | list
[1, 2, 3, 4, 5] | slice(3, 'x') | list
nums | sort
mixed | sort
mixed | sort(case_sensitive=true)
nums | sort(reverse=true)
users | sort(attribute='uid') | map(attribute='name') | list
users | sort(attribute='admin,name', reverse=true) | length | default('e')
devices.values() | sort(attribute='group,id') | map(attribute='id') | list
5 | string
1.0 | string
true | string
none | string
[1, 'a'] | string
html | striptags
nums | sum
[1, 2.5] | sum
users | sum(attribute='uid')
[[1], [2]] | sum(start=[])
nums | sum(start=10)
'hello world-wide (web)' | title
"it's bob's" | title
'  x ' | trim
'xxaxx' | trim('x')
text | truncate(10)
text | truncate(10, true)
text | truncate(10, true, '')
text | truncate(16, leeway=0)
text | truncate(9, false, '…', 0)
nums | unique | list
['a', 'A', 'b'] | unique | list
['a', 'A', 'b'] | unique(case_sensitive=false) | list
devices.values() | unique(attribute='group') | map(attribute='id') | list
[[1], [1], [2]] | unique | list
'abc' | upper
'a b/c?d=ü&' | urlencode
{'a b': 'c/d', 'e': 1} | urlencode
[('a', 1), ('b', 'x y')] | urlencode
'a%20b+c%C3%BC' | urldecode
text | wordcount
'one two-three four_five' | wordcount
text | wordwrap(10)
'averyveryverylongword and more' | wordwrap(10)
'averyveryverylongword and more' | wordwrap(10, false)
'a long-hyphenated word here' | wordwrap(8)
multi | wordwrap(6, wrapstring='|')
{'class': 'x y', 'id': none, 'n': 1} | xmlattr
{'class': 'a<b'} | xmlattr(false)
('' ~ ({'b': [1, '<a>'], 'a': none} | tojson))
('' ~ ({'b': 1} | tojson(indent=2)))
'hello' | b64encode
'aGVsbG8=' | b64decode
unicode | b64encode
'R3LDvMOfZQ==' | b64decode
'abc' | b64encode('utf-16-le')
path | basename
path | dirname
'/' | dirname
'a' | dirname
'/a//b/' | dirname
'/a/b/' | basename
path | splitext
'.bashrc' | splitext
'a.tar.gz' | splitext
'a/b.c/d' | splitext
['/etc', 'a', 'b.conf'] | path_join
['/etc', '/a', 'b'] | path_join
['a', ''] | path_join
'a' | path_join
'/a/b/c' | relpath('/a/d')
'/a' | relpath('/a/b/c')
'/a/b' | relpath('/a/b')
{'a': 1} | combine({'b': 2})
{'a': 1} | combine({'a': 2}, {'c': 3})
{'a': {'x': 1, 'l': [1]}} | combine({'a': {'y': 2, 'l': [2]}})
{'a': {'x': 1, 'l': [1]}} | combine({'a': {'y': 2, 'l': [2]}}, recursive=true)
{'a': {'l': [1, 2]}} | combine({'a': {'l': [2, 3]}}, recursive=true, list_merge='append')
{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='prepend')
{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='append_rp')
{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='prepend_rp')
{'a': [1, 2]} | combine({'a': [2, 3]}, list_merge='keep')
[{'a': 1}, {'b': 2}] | combine
{'a': 1} | combine([{'b': 2}, {'a': 3}])
'a line' | comment
'two\\nlines' | comment
multi | comment
multi | comment('c')
multi | comment('cblock')
'x' | comment('erlang')
'x' | comment('xml')
'x' | comment('plain', prefix='#######\\n#', postfix='#\\n###')
'x' | comment(decoration='! ')
'x' | comment('cblock', prefix_count=2, end='*')
[1, 2, 3] | difference([2])
[1, 1, 2] | difference([2])
[1, 2, 3] | intersect([2, 3, 4])
[1, 2, 3] | symmetric_difference([2, 5])
[1, 2] | union([2, 3, 1.0])
['a', 'A'] | union(['b', 'a'])
[{'a': 1}] | difference([{'a': 1}])
table | dict2items
table | dict2items(key_name='k', value_name='v')
[{'key': 'a', 'value': 1}] | items2dict
[{'k': 'a', 'v': 1}] | items2dict('k', 'v')
'a' | extract(table)
'x' | extract(deep, ['y', 'z'])
0 | extract(users, 'name')
['a', 'b'] | map('extract', table) | list
nested | flatten
nested | flatten(1)
nested | flatten(levels=2)
nested | flatten(skip_nulls=false)
[['a', 'null'], ['None']] | flatten
'{"a": [1, 2.0, null, true], "b": "x"}' | from_json
'[1.5, 1e3]' | from_json
'a: 1\\nb: [x, 2.5, true]' | from_yaml
'- a\\n- b: null' | from_yaml
'---\\na: 1\\n---\\nb: 2' | from_yaml_all | list
'abc' | hash
'abc' | hash('sha256')
'abc' | hash('md5')
'abc' | hash('sha512')
'abc' | checksum
'abc' | md5
unicode | sha1
'abc' | to_uuid
'abc' | to_uuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8')
10240 | human_readable
10240 | human_readable(unit='M')
10240 | human_readable(isbits=true)
0 | human_readable
1 | human_readable
'10MB' | human_to_bytes
'2.5 G' | human_to_bytes
'1024' | human_to_bytes
'3' | human_to_bytes(default_unit='K')
'10Mb' | human_to_bytes(isbits=true)
100 | log
100 | log(10)
8 | log(2)
2 | pow(5)
2 | pow(0.5)
16 | root
27 | root(3)
name | mandatory
[1, 2] | product(['a', 'b']) | list
[0, 1] | product([0, 1], [2]) | list
[0, 1] | product(repeat=2) | list
[1, 2, 3] | permutations(2) | list
[1, 2] | permutations | list
[1, 2, 3] | combinations(2) | list
'ab' | combinations(1) | list
users | rekey_on_member('name') | list
'plain' | quote
"it's here" | quote
'' | quote
'a b$c' | quote
'a.b*c[d]' | regex_escape
'a-b c/d:e' | regex_escape
'a.b[1]' | regex_escape('posix_basic')
'a1b22' | regex_findall('[0-9]+')
'a1b22' | regex_findall('([a-z])([0-9]+)')
'a1b22' | regex_findall('([a-z])[0-9]+')
'AbaB' | regex_findall('a', ignorecase=true)
multi | regex_findall('^\\w+', multiline=true)
'hello world' | regex_replace('o', '0')
'hello world' | regex_replace('(\\w+) (\\w+)', '\\2 \\1')
'a=1' | regex_replace('(?P<k>\\w)=(?P<v>\\d)', '\\g<v>=\\g<k>')
'localhost:80' | regex_replace('^(?P<host>.+):(?P<port>\\d+)$', '\\g<host>, \\g<port>')
'Hello' | regex_replace('h', 'J', ignorecase=true)
multi | regex_replace('^', '# ', multiline=true)
'abxd' | regex_replace('x*', '-')
'a.b' | regex_replace('\\.', '\\\\')
'a' | regex_replace('a', '$&')
'line\\n' | regex_replace('$', '!')
'iommu=pt' | regex_search('iommu=(\\w+)')
'iommu=pt' | regex_search('iommu=(\\w+)', '\\1')
'a=1,b=2' | regex_search('(?P<k>\\w)=(\\d)', '\\g<k>', '\\2')
'abc' | regex_search('x')
'abc' | regex_search('x', '\\1')
'ABC' | regex_search('b', ignorecase=true)
'[]' | regex_search('[]]')
'a{1}' | regex_search('a{1}')
'foo' | regex_replace('(?i)FOO', 'bar')
'x-y' | split('-')
csv | split(',')
' a  b ' | split
csv | split(',', 1)
users | subelements('groups') | map('last') | list
users | subelements('groups', skip_missing=true) | length
yes | ternary('a', 'b')
no | ternary('a', 'b')
none | ternary('a', 'b', 'c')
none | ternary('a', 'b')
'' | ternary(1, 0)
yes | ternary('a', missing)
{'b': 1, 'a': [1, {'c': none}]} | to_json
{'b': 1, 'a': [1, 2.0]} | to_json(sort_keys=true)
unicode | to_json
unicode | to_json(ensure_ascii=false)
[1, {}] | to_json(indent=2)
{'b': [1, {}, []], 'a': {'x': 'y'}} | to_nice_json
{'b': [1, 2], 'a': 1} | to_nice_json(indent=2)
{'b': 1, 'a': 2} | to_nice_json(sort_keys=false)
'é"\\n' | to_json
{'a': 1, 'b': 'x'} | to_yaml
{'a': [1, 2], 'b': {'c': 1}} | to_yaml
{'b': 1, 'a': {'c': [1, 2]}} | to_nice_yaml
{'b': 1, 'a': {'c': [1, {'x': 'y', 'z': []}]}} | to_nice_yaml
{'b': 1, 'a': {'c': [1, {'x': 'y'}]}} | to_nice_yaml(indent=2)
['yes', 'no', '1', '1.0', 'null', '', '~', 'a: b', '- x', '#c', 'x#y', '0x1f', '2024-01-31', '=', '*a', '!t', '%p'] | to_nice_yaml
[true, none, 1, 1.0, 1.5, -3, 1e20] | to_nice_yaml
[[1, 2], [3, [4]]] | to_nice_yaml
[{'a': 1, 'b': 2}, {'c': [1]}] | to_nice_yaml
users | to_nice_yaml
devices | to_yaml
multi | to_nice_yaml
{'a': multi} | to_nice_yaml
{'a': 'trailing ', 'b': ' lead', 'c': "it's", 'd': 'tab\\there'} | to_nice_yaml
{'cmd': 'a very long text that goes on and on so that it has to be folded somewhere behind the eightieth column of the line'} | to_nice_yaml
{'cmd': 'a very long text that goes on and on so that it has to be folded somewhere behind the eightieth column'} | to_nice_yaml(width=200)
'text' | to_yaml
'1' | to_yaml
[] | to_yaml
{} | to_nice_yaml
unicode | to_nice_yaml
{'a': {}, 'b': []} | to_nice_yaml
{'b': 1, 'a': 2} | to_nice_yaml(sort_keys=false)
name | type_debug
1 | type_debug
1.0 | type_debug
(1,) | type_debug
none | type_debug
[1, 2] | zip(['a', 'b']) | list
[1, 2, 3] | zip(['a', 'b']) | list
[1, 2, 3] | zip(['a'], ['x', 'y', 'z']) | list
[1, 2, 3] | zip_longest(['a']) | list
[1, 2] | zip_longest(['a'], fillvalue='-') | list
dict(['a', 'b'] | zip([1, 2]))
dict(a=1, b=2)
dict({'a': 1}, b=2)
url | urlsplit
url | urlsplit('hostname')
url | urlsplit('port')
'/a/b?x' | urlsplit('path')
'%Y-%m-%d %H:%M:%S' | strftime(0, utc=true)
'%A %d %B %Y, day %j, %I %p' | strftime(1700000000, utc=true)
range(3) | list
range(1, 10, 3) | list
range(3, 0, -1) | list
'a b c'.split()
csv.split(',')
csv.split(',', 1)
csv.rsplit(',', 1)
'  x '.strip()
'xxaxx'.strip('x')
'xxaxx'.lstrip('x')
'xxaxx'.rstrip('x')
'a-b'.replace('-', '+')
'abc'.replace('', '-')
'abc'.startswith('a')
'abc'.startswith(('x', 'a'))
'abc'.endswith('bc')
'aBc'.upper()
'aBc'.lower()
'aBc'.swapcase()
"they're bill's".title()
'abc'.capitalize()
'-'.join(['a', 'b'])
'{} and {}'.format('a', 1)
'{1} {0} {x}'.format('a', 'b', x=1.5)
'{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}|{:x}|{:,}'.format('a', 'b', 'c', 42, 3.14159, 255, 1234567)
'{0[a]} {0}'.format({'a': 1})
'{{}} {}'.format(1)
'abcabc'.find('c')
'abcabc'.find('x')
'abcabc'.rfind('c')
'abcabc'.index('b')
'abcabc'.count('bc')
nums.index(2)
nums.count(3)
'12'.isdigit()
'1a'.isdigit()
'abc'.isalpha()
'ab1'.isalnum()
'7'.zfill(3)
'-7'.zfill(4)
'a'.center(4)
'ab'.center(5, '*')
'a'.ljust(3, '.')
'a'.rjust(3)
multi.splitlines()
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'a'.partition('=')
'vfio.conf'.removesuffix('.conf')
'vfio.conf'.removeprefix('vfio.')
table.items() | list
table.keys() | list
table.values() | list
table.get('a')
table.get('zz')
table.get('zz', 'd')
'%s-%s' % ('a', 1)
'%d%%' % 5
'%s' % [1, 2]
'%(a)s' % {'a': 1}
lookup('vars', 'name')
lookup('vars', 'nope', default='d')
lookup('dict', table)
query('dict', {'a': 1})
lookup('sequence', 'start=1 end=3 format=x%02d')
query('sequence', '2-10/2')
query('sequence', 'count=3')
query('nested', ['a', 'b'], [1, 2])
query('together', ['a', 'b'], [1, 2])
query('indexed_items', ['a', 'b'])
query('items', [1, [2]], 3)
lookup('list', [1, 2])
query('subelements', users, 'groups') | length
users | map(attribute='admin') | select('defined') | list
users | map(attribute='admin') | map('default', 'x') | list
[missing, 1] | first | default('z')
[missing | default(1), missing is defined]
'%s' | format(none)
nums | sort | unique | join(',')
(nums | length) > 3 and name is match('web')
'yes' if 'kvm' in (users | map(attribute='groups') | flatten) else 'no'
users | items2dict(key_name='name', value_name='uid')
table | dict2items | selectattr('value', 'gt', 1) | items2dict
devices | dict2items | map(attribute='value.id') | sort | join(',')
devices.values() | map(attribute='id') | map('regex_replace', ':.*', '') | unique | list
kernel.split('-')[0].split('.')[:2] | join('.')
kernel | regex_search('^\\d+\\.\\d+') | float >= 6.0
groups | default({}) | length
(text | length) // 2
"{{ not looked at }}"
missing
missing.a
table.zz
nums[9]
'a' + 1
1 + 'a'
[1] + 'a'
1 / 0
1 // 0
nums | nofilter
1 is notest
{'a': 1} < {'b': 2}
[1, 'a'] | sort
table | first
'abc' | replace('b')
5 | length
'5' | abs
none | length
[3, none] | max
'{"a"' | from_json
'a: [' | from_yaml
'%d' | format('a')
'%s %s' | format('a')
'{} {}'.format('a')
'!!' | b64decode
[1] | items2dict
'a' | combine({'b': 1})
'abc' is version('')
'a' is match('(')
'x' | regex_search('(', '\\1')
'x' | regex_search('x', 'y')
'a' | hash('nohash')
'10XB' | human_to_bytes
missing | mandatory
users | map(attribute='admin') | list
users | map(attribute='admin') | sort
name.nope()
5 is changed
'x' is failed
nums | difference
[1, 2] | zip(3) | list
nums | batch
users | subelements('nope')
'a'.index('x')
nums.index(99)
`
  .split('\n')
  .filter(line => line !== '')

/** Each stands in a playbook's value. */
export const TEMPLATES: readonly string[] = [
  'plain text', 'a {{ name }} b', '{{ name }}{{ n }}', 'is {{ nothing }}.', 'is {{ yes }} {{ half }} {{ 1.0 }}',
  'x{{ nums }}', 'x{{ table }}', 'x{{ table.items() }}', 'x{{ table.keys() }}', 'x{{ nums | map("string") }}',
  'x{% if yes %}a{% else %}b{% endif %}', 'x{% if no %}a{% elif n == 7 %}b{% else %}c{% endif %}',
  'x{% if missing is defined %}a{% endif %}', 'x{% if nums %}{{ nums | length }}{% endif %}',
  'x{% for i in nums %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}',
  'x{% for k, v in table.items() %}{{ k }}={{ v }};{% endfor %}', 'x{% for k in table %}{{ k }}{% endfor %}',
  'x{% for i in [] %}a{% else %}none{% endfor %}', 'x{% for i in nums if i > 1 %}{{ loop.index }}:{{ i }} {% endfor %}',
  'x{% for i in nums %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.length }} {% endfor %}',
  'x{% for i in nums %}{{ loop.cycle("odd", "even") }} {% endfor %}',
  'x{% for i in nums %}{{ loop.previtem | default("-") }}<{{ i }}>{{ loop.nextitem | default("-") }} {% endfor %}',
  'x{% for i in [1, 1, 2, 2, 1] %}{% if loop.changed(i) %}{{ i }}{% endif %}{% endfor %}',
  'x{% for i in [1, 2] %}{% for j in [3, 4] %}{{ loop.depth }}{{ i }}{{ j }} {% endfor %}{% endfor %}',
  'x{% for i in [1, 2] %}{% set outer = loop %}{% for j in "ab" %}{{ outer.index }}{{ j }} {% endfor %}{% endfor %}',
  'x{% for t in tree recursive %}{{ t.n }}{{ loop.depth }}{% if t.c %}({{ loop(t.c) }}){% endif %}{% endfor %}',
  'x{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}', 'x{% for c in "abc" %}{{ c }}.{% endfor %}',
  'x{% set a = 1 %}{{ a }}', 'x{% set a, b = 1, 2 %}{{ a }}{{ b }}', 'x{% set a = 1 %}{% for i in [1] %}{% set a = 2 %}{{ a }}{% endfor %}{{ a }}',
  'x{% if yes %}{% set a = 5 %}{% endif %}{{ a }}', 'x{% set b %}text {{ n }}{% endset %}{{ b | upper }}',
  'x{% set b | upper | trim %}  text {% endset %}[{{ b }}]',
  'x{% set ns = namespace(found=false, count=0) %}{% for i in nums %}{% if i == 2 %}{% set ns.found = true %}{% endif %}{% set ns.count = ns.count + i %}{% endfor %}{{ ns.found }}{{ ns.count }}',
  'x{% set ns = namespace() %}{% set ns.a = [] %}{% for i in nums %}{% set ns.a = ns.a + [i * 2] %}{% endfor %}{{ ns.a }}',
  'x{% with a = 1, b = n %}{{ a + b }}{% endwith %}', 'x{% with %}{% set qq = 3 %}{{ qq }}{% endwith %}{{ qq | default("gone") }}',
  'x{% filter upper %}a{{ name }}{% endfilter %}', 'x{% filter replace("a", "b") | upper %}banana{% endfilter %}',
  'x{% macro f(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(b=5, a=4) }}',
  'x{% macro f(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, k=4) }}',
  'x{% macro f(a) %}[{{ caller() }}{{ a }}]{% endmacro %}{% call f(1) %}body{% endcall %}',
  'x{% macro rows(items) %}{% for i in items %}{{ caller(i) }};{% endfor %}{% endmacro %}{% call(i) rows(nums) %}<{{ i }}>{% endcall %}',
  'x{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}', 'x{% macro f() %}a{% endmacro %}{{ f() | upper ~ f.name }}',
  'x{% set sep = joiner(", ") %}{% for i in nums %}{{ sep() }}{{ i }}{% endfor %}',
  'x{% set c = cycler("a", "b") %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}',
  'x{% raw %}{{ name }}{% if %}{% endraw %}y', 'x{# a remark #}y', 'x {#- a remark -#} y', 'a {{- " b " -}} c', 'a\n{%- if yes %}\nb\n{%- endif %}\nc',
  'a\n{% if yes %}\nb\n{% endif %}\nc\n', 'a\n  {% if yes %}\n  b\n  {% endif %}\nc\n', 'a {% if yes -%}   b   {%- endif %} c', 'a{% if yes +%}\nb{% endif %}',
  'x{{ "a" if yes }}{{ "b" if no }}', 'x{{ missing | default("d") }}', 'x{{ {"a": {"b": 1}}["a"]["b"] }}', "x{{ 'it''s' }}",
  "x{{ 'a\\nb' }}", "x{% set s = 'a\\nb' %}{{ s }}", "x{{ 'a' 'b' }}", 'x{{ [1, 2,] }}', 'x{{ {"a": 1,} }}', 'x{{ name.upper() }}',
  'x{{ users | map(attribute="name") | join(", ") }}', 'x{{ lookup("vars", "na" ~ "me") }}', 'x{{ range(3) }}',
  'x{{ [*nums] }}', 'x{% for u in users | sort(attribute="name") %}{{ u.name }} {% endfor %}', 'x{% for g in users | groupby("uid") %}{{ g.grouper }}{{ g.list | length }} {% endfor %}',
  'x{% for g, us in users | groupby("uid") %}{{ g }} {% endfor %}', 'x{% for i in range(3) %}{{ i }}{% endfor %}', 'x{% for i in 5 %}{% endfor %}',
  'x{{ missing }}', 'x{% if %}', 'x{% for i in nums %}', 'x{{ name', 'x{% endif %}', 'x{% nothing %}', 'x{{ f(1) }}', 'x{{ 1 2 }}', 'x{{ }}',
  'x{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}', 'x{% macro f(a) %}{{ a }}{% endmacro %}{{ f() }}', 'x{% set a.b = 1 %}', 'x{% for a, b in nums %}{% endfor %}',
] // biome-ignore format: a table

/** Each is the text of a template file. */
export const FILES: readonly string[] = [
  'a\n{{ name }}\n', '{{ nums }}', '{{ 1 + 1 }}\n', '{% for i in nums %}\n- {{ i }}\n{% endfor %}\nend\n', "{{ 'a\\tb' }}", "{{ 'x' | regex_replace('(x)', '<\\\\1>') }}",
  '#jinja2: trim_blocks: False\n{% if yes %}\na\n{% endif %}\n', '#jinja2: lstrip_blocks: True\n  {% if yes %}\n  a\n  {% endif %}\nb\n',
  '#jinja2: trim_blocks: True, lstrip_blocks: True\na\n    {% for i in nums %}\n    {{ i }}\n    {% endfor %}\n',
  '#jinja2: lstrip_blocks: True\n  {%+ if yes %}a{% endif %}\n  {# c #}\nb\n', '# {{ "managed" | comment }}\n[a]\n{% for k, v in table | dictsort %}\n{{ k }} = {{ v }}\n{% endfor %}\n\n',
] // biome-ignore format: a table

/** Each is a `when`. */
export const CONDITIONS: readonly string[] = [
  "name is match('^web\\d+$')", "path is search('\\.conf')", 'n > 5 and not no', 'users | selectattr("admin", "defined") | list | length == 2', "'a\\tb' | length == 3", 'missing is not defined or missing.x',
  "'\\\\d' | length == 2", 'done is changed and done.rc == 0', "kernel is version('5.0', '>') and 'amd64' in kernel", '(n | int) in [7, 8]',
] // biome-ignore format: a table
