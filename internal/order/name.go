package order

import (
	"slices"
	"strings"
	"unicode"

	"github.com/yuanzhen/yuanzhen/internal/pinyin"
)

// mayBe reports whether two names a clinic wrote under one patient ID can be
// one person's: the same, one of them not given, or one in characters and the
// other as a device wrote it in letters, with the same initials.
func mayBe(a, b string) bool {
	if a == "" || b == "" || a == b {
		return true
	}
	if hasHan(a) {
		a, b = b, a
	}
	return !hasHan(a) && hasHan(b) && spells(a, b)
}

func hasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// spells reports whether letters can be the romanisation of a name: each word
// begins with an initial of the name, or the only one with the first.
func spells(letters, name string) bool {
	initials := []rune(pinyin.Initials(name))
	words := strings.FieldsFunc(strings.ToLower(letters), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 || len(initials) == 0 {
		return false
	}
	if len(words) == 1 {
		return []rune(words[0])[0] == initials[0]
	}
	for _, w := range words {
		i := slices.Index(initials, []rune(w)[0])
		if i < 0 {
			return false
		}
		initials = slices.Delete(initials, i, i+1)
	}
	return true
}
