// Package pinyin finds Chinese names by what people type: characters from any
// place of the name, its romanisation, or initials ("wxm" for 王小明).
//
// Initials come from the order of characters by pinyin in the Unicode
// collation, cut at the first character of each letter; surnames that are read
// otherwise than the character usually is are listed. Names are never changed,
// the package only makes keys to search by.
package pinyin

import (
	"sort"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// letters are the initials Chinese syllables start with; bounds holds the first
// character of each in pinyin order.
const (
	letters = "abcdefghjklmnopqrstwxyz"
	bounds  = "阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨它穵夕丫帀"
)

// Bounds of a search key.
const (
	maxName = 16  // characters of one Chinese name that are looked at
	maxKey  = 480 // bytes
)

// surnames lists characters whose reading as a surname starts with another
// letter than their usual one; compound ones go first.
var surnames = map[string]string{
	"万俟": "mq", "尉迟": "yc", "长孙": "zs", "单于": "cy", "澹台": "tt", "贾": "j", "单": "s", "曾": "z", "仇": "q", "解": "x", "查": "z", "区": "o", "尉": "w",
	"种": "c", "繁": "p", "翟": "z", "折": "s", "秘": "b", "乜": "n", "覃": "q", "召": "s", "洗": "x", "冼": "x", "重": "c", "藏": "z", "乐": "y", "缪": "m",
	"朴": "p", "盖": "g", "员": "y", "黑": "h", "谌": "c", "隗": "w", "柏": "b", "句": "g", "炅": "g", "祭": "z", "佘": "s", "厍": "s", "晁": "c", "都": "d",
	"行": "x", "钭": "t", "於": "y", "石": "s", "沈": "s", "盛": "s", "褚": "c", "薄": "b", "呙": "g", "莘": "s", "强": "q", "奇": "q", "亓": "q", "隽": "j",
	"贲": "b", "逯": "l", "眭": "s", "昝": "z", "卜": "b", "宿": "s", "郗": "x", "车": "c", "牟": "m", "费": "f", "郇": "x", "逄": "p", "宓": "m", "幺": "y",
	"阚": "k", "卢": "l", "吕": "l", "角": "j", "谷": "g", "燕": "y", "会": "g", "六": "l",
}

// collators are not safe for concurrent use.
var collators = sync.Pool{New: func() any { return newOrder() }}

type order struct {
	c      *collate.Collator
	bounds []string
}

func newOrder() *order {
	return &order{collate.New(language.MustParse("zh-u-co-pinyin")), strings.Split(bounds, "")}
}

// initial is the letter a character's reading starts with, 0 if it is no
// Chinese character.
func (o *order) initial(r rune) byte {
	if !unicode.Is(unicode.Han, r) {
		return 0
	}
	s := string(r)
	i := sort.Search(len(o.bounds), func(i int) bool { return o.c.CompareString(o.bounds[i], s) > 0 })
	if i == 0 {
		return 0
	}
	return letters[i-1]
}

// Initials returns the initials of a Chinese name, "wxm" for 王小明; other
// characters are left out.
func Initials(name string) string {
	o := collators.Get().(*order)
	defer collators.Put(o)
	return o.initials([]rune(name))
}

func (o *order) initials(name []rune) string {
	var b strings.Builder
	for _, n := range []int{2, 1} {
		if len(name) < n {
			continue
		}
		if s, ok := surnames[string(name[:n])]; ok {
			b.WriteString(s)
			name = name[n:]
			break
		}
	}
	for _, r := range name {
		if c := o.initial(r); c != 0 {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Key returns what a name in DICOM's form can be found by: words between
// spaces, a space at both ends. A term matches the name if it is the beginning
// of a word.
func Key(name string) string {
	o := collators.Get().(*order)
	defer collators.Put(o)
	k := key{seen: map[string]bool{}}
	k.b.WriteByte(' ')
	for group := range strings.SplitSeq(strings.ToLower(name), "=") {
		k.latin(group)
		k.chinese(o, group)
	}
	if len(k.seen) == 0 {
		return ""
	}
	return k.b.String()
}

type key struct {
	b    strings.Builder
	seen map[string]bool
}

func (k *key) add(word string) {
	if word == "" || k.seen[word] || k.b.Len()+len(word) > maxKey {
		return
	}
	k.seen[word] = true
	k.b.WriteString(word)
	k.b.WriteByte(' ')
}

// words splits at whatever is no letter or digit.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// latin adds the words of a name in letters, all of them joined from each on,
// and their initials.
func (k *key) latin(group string) {
	var list []string
	initials := ""
	for _, w := range words(group) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			continue
		}
		list = append(list, w)
		initials += string([]rune(w)[:1])
	}
	for i := range list {
		k.add(strings.Join(list[i:], ""))
	}
	for _, w := range list {
		k.add(w)
	}
	if len(list) > 1 {
		k.add(initials)
	}
}

// chinese adds a name's characters from each one on, with their initials.
func (k *key) chinese(o *order, group string) {
	var han []rune
	for _, r := range group {
		if unicode.Is(unicode.Han, r) && len(han) < maxName {
			han = append(han, r)
		}
	}
	whole := o.initials(han)
	for i := range han {
		k.add(string(han[i:]))
	}
	for i := range min(len(whole), len(han)) {
		k.add(whole[i:])
	}
}

// Terms splits what a person typed into terms, each of which must begin a word
// of a Key. Characters and letters that stand together are terms of their own.
func Terms(typed string) []string {
	var out []string
	for _, w := range words(strings.ToLower(typed)) {
		from, wasHan := 0, false
		for i, r := range w {
			if han := unicode.Is(unicode.Han, r); i > 0 && han != wasHan {
				out = append(out, w[from:i])
				from, wasHan = i, han
			} else {
				wasHan = han
			}
		}
		out = append(out, w[from:])
	}
	return out
}
