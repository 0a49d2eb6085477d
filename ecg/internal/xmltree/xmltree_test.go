package xmltree

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

func TestTreeHoldsTextAttributesAndChildren(t *testing.T) {
	t.Parallel()
	root, _, _, err := Parse([]byte(`<!-- c --><?xml version="1.0"?><!DOCTYPE a SYSTEM "a.dtd">
<v:a x='1 &lt; 2' v:y = "q&#x4e2d;"> one <b/><!-- cut --> two<![CDATA[<&amp;>]]><b z="3">&unknown; &amp;</b></v:a > tail`))
	if err != nil {
		t.Fatal(err)
	}
	if root.Name != "a" || root.Attr("x") != "1 < 2" || root.Attr("y") != "q中" || len(root.All("b")) != 2 {
		t.Errorf("%+v", root)
	}
	if got := root.Text(); got != "one  two<&amp;>" {
		t.Errorf("text %q", got)
	}
	if got := root.All("b")[1].Text(); got != "&unknown; &" {
		t.Errorf("text of b %q", got)
	}
}

func TestBrokenAndHostileDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "digits", "<a>", "<a></b>", "</a>", "<a", "<a x>", "<a x=1/>", `<a x="1/>`,
		"<!-- ", "<a><![CDATA[</a>", "< a/>", "<?xml", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
		strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1), "\xff\xfe<\x00a"} {
		if root, _, _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%.40q gave %+v", text, root)
		}
	}
}

func TestTheSetOfTheTextIsFoundAsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{ // true: had to be guessed
		"<?xml version=\"1.0\" encoding=\"gb2312\"?><a>\xd5\xc5\xc8\xfd</a>": false,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>\xd5\xc5\xc8\xfd</a>":  true,
		"<a>张三</a>":             false,
		"\xef\xbb\xbf<a>张三</a>": false,
		"\xff\xfe<\x00a\x00>\x00\x20\x5f\x09\x4e<\x00/\x00a\x00>\x00": false,
		"\xfe\xff\x00<\x00a\x00>\x5f\x20\x4e\x09\x00<\x00/\x00a\x00>": false,
	} {
		root, set, guessed, err := Parse([]byte(text))
		if err != nil || root.Text() != "张三" || guessed != want {
			t.Errorf("%q: %v, %s, guessed %v", text, err, set, guessed)
		}
	}
}

func corpus(t testing.TB) []string {
	var files []string
	for _, folder := range []string{"aecg", "muse-xml", "philips-xml"} {
		files = append(files, testdata.Files(t, "ecg/"+folder, "*.xml")...)
	}
	return files
}

// TestTreesEqualThoseOfTheStandardLibrary compares element names, attributes
// and depth with encoding/xml on every real file that it can read.
func TestTreesEqualThoseOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, path := range corpus(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		root, _, _, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		text, _, _, _ := UTF8(data)
		if i := strings.Index(string(text), "?>"); i > 0 && strings.HasPrefix(string(text), "<?xml") {
			text = text[i+2:] // a declaration of UTF-16 would stop the library
		}
		var want strings.Builder
		d := xml.NewDecoder(strings.NewReader(string(text)))
		for {
			token, err := d.Token()
			if err != nil {
				break
			}
			switch e := token.(type) {
			case xml.StartElement:
				want.WriteString("<" + e.Name.Local)
				for _, a := range e.Attr {
					want.WriteString(" " + a.Name.Local + "=" + a.Value)
				}
			case xml.EndElement:
				want.WriteString(">")
			}
		}
		var got strings.Builder
		write(&got, root)
		if got.String() != want.String() {
			t.Errorf("%s: trees differ", filepath.Base(path))
		}
	}
}

func write(out *strings.Builder, n *Node) {
	out.WriteString("<" + n.Name)
	for _, a := range n.Attrs {
		out.WriteString(" " + a.Name + "=" + a.Value)
	}
	for _, c := range n.Children {
		write(out, c)
	}
	out.WriteString(">")
}

// FuzzParse: whatever the bytes, no panic and no tree deeper than the bound.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`<a x='1'><b/>&lt;<![CDATA[x]]></a>`))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	for _, path := range corpus(f) {
		if data, err := os.ReadFile(path); err == nil {
			f.Add(data[:min(len(data), 8000)])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if root, _, _, err := Parse(data); err == nil && depth(root) > maxDepth+1 {
			t.Fatal("too deep")
		}
	})
}

func depth(n *Node) int {
	deepest := 0
	for _, c := range n.Children {
		deepest = max(deepest, depth(c))
	}
	return deepest + 1
}
