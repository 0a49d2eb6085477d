package statement_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/yuanzhen/yuanzhen/ecg/statement"
)

func TestEveryStatementIsWholeInBothLanguages(t *testing.T) {
	t.Parallel()
	codes, words := map[string]bool{}, map[string]bool{}
	for _, s := range statement.All() {
		if codes[s.Code] || words[s.Chinese] {
			t.Errorf("%s (%s) stands twice", s.Code, s.Chinese)
		}
		codes[s.Code], words[s.Chinese] = true, true
		if s.Code != strings.ToUpper(s.Code) || s.Chinese == "" || s.English == "" || s.Group == "" {
			t.Errorf("incomplete: %+v", s)
		}
		if strings.ContainsFunc(s.English, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s: Chinese in the English words %q", s.Code, s.English)
		}
		if (s.Item != "") != (s.Grade == statement.Critical) {
			t.Errorf("%s: grade %s with item %q: what is critical stands on the critical list, and only that", s.Code, s.Grade, s.Item)
		}
	}
	if len(codes) < 100 {
		t.Errorf("only %d statements", len(codes))
	}
}

func TestAStatementIsFoundByItsCodeOnly(t *testing.T) {
	t.Parallel()
	s, ok := statement.Find("AFIB")
	if !ok || s.Chinese != "心房颤动" || s.AHA != 50 {
		t.Errorf("AFIB is %+v", s)
	}
	if _, ok := statement.Find("afib"); ok {
		t.Error("a code in other letters was taken")
	}
}
