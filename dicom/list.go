package dicom

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// listValue is how many characters of a value a listing shows.
const listValue = 80

// List writes what a file holds for people to read: one line for each element
// with its value in UTF-8, length and keyword, the items of a sequence
// indented. Values are shown up to 80 characters.
func (f *File) List(w io.Writer) error {
	l := lister{w: bufio.NewWriter(w)}
	fmt.Fprintf(l.w, "# %s, %s\n", f.Syntax.Name(), verdict(f))
	if f.Meta != nil {
		l.dataset(f.Meta, 0)
		l.w.WriteByte('\n')
	}
	l.dataset(f.Dataset, 0)
	if charset, sure := f.Dataset.Repaired(); charset != "" {
		fmt.Fprintf(l.w, "# text is shown as %s (%.0f %% sure), which is not what (0008,0005) says\n", charset, 100*sure)
	}
	for _, n := range f.Dataset.Notes {
		fmt.Fprintf(l.w, "# %s\n", n)
	}
	return l.w.Flush()
}

func verdict(f *File) string {
	if !f.Complete {
		return "NOT COMPLETE: " + f.Reason
	}
	if lost := PixelLoss(f.Dataset); lost != nil {
		return "complete, WITHOUT ITS PIXELS: " + lost.Reason
	}
	return "complete"
}

type lister struct{ w *bufio.Writer }

func (l *lister) dataset(d *Dataset, depth int) {
	for i := range d.Elements {
		e := &d.Elements[i]
		l.line(depth, e, l.show(d, e))
		for n, item := range e.Items {
			fmt.Fprintf(l.w, "%s(FFFE,E000) item %d\n", strings.Repeat("  ", depth+1), n+1)
			l.dataset(item, depth+2)
		}
		for n, f := range e.Fragments {
			fmt.Fprintf(l.w, "%s(FFFE,E000) fragment %d # %d bytes at %d\n", strings.Repeat("  ", depth+1), n+1, f.Length, f.Offset)
		}
	}
}

func (l *lister) line(depth int, e *Element, value string) {
	name := "unknown"
	switch entry, ok := Lookup(e.Tag); {
	case ok:
		name = entry.Keyword
	case e.Tag.Private():
		name = "private"
	case e.Tag.Element() == 0:
		name = "group length"
	}
	length := fmt.Sprint(e.Length)
	if e.Length < 0 {
		length = "undefined"
	}
	fmt.Fprintf(l.w, "%s%s %s %s # %s, %s\n", strings.Repeat("  ", depth), e.Tag, e.VR, value, length, name)
}

// show is a value in brackets, or what it is instead.
func (l *lister) show(d *Dataset, e *Element) string {
	switch {
	case e.Items != nil:
		return plural(int64(len(e.Items)), "item")
	case e.Fragments != nil:
		return plural(int64(len(e.Fragments)), "fragment")
	case e.Bulk:
		return fmt.Sprintf("(%d bytes at %d)", e.Length, e.Offset)
	case len(e.Raw) == 0:
		return "(empty)"
	}
	if values := d.values(e); values != nil {
		text := strings.Join(values, "\\")
		if d.textVR(e) == UI {
			if name := TransferSyntax(text).Name(); name != text {
				return "[" + text + "] " + name
			}
		}
		return "[" + printable(text) + "]"
	}
	return octets(e.Raw)
}

// printable cuts a value to what a line holds and leaves out what would move
// the cursor.
func printable(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > listValue {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = '.'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// octets shows the first bytes of a value without characters.
func octets(raw []byte) string {
	const most = 16
	if len(raw) > most {
		return fmt.Sprintf("% 02X …", raw[:most])
	}
	return fmt.Sprintf("% 02X", raw)
}
