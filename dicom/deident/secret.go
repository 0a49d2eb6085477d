package deident

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuanzhen/yuanzhen/dicom"
)

// secrets are the values of an object that identify, to be cut out of texts
// that stay: somebody may have typed the patient's name into a description.
type secrets struct {
	words []string // in lower case, the longest first
}

// identifying are the attributes, beside all names, whose whole value
// identifies the patient or the visit.
var identifying = []dicom.Tag{
	dicom.PatientID, dicom.OtherPatientIDs, dicom.PatientAddress, dicom.PatientTelephoneNumbers, dicom.MedicalRecordLocator,
	dicom.AccessionNumber, dicom.PatientBirthDate, 0x00380010, // Admission ID
	0x00402016, 0x00402017, // order numbers of placer and filler
}

// ofInstitution identify where the patient was.
var ofInstitution = []dicom.Tag{dicom.InstitutionName, dicom.InstitutionAddress, dicom.InstitutionalDepartmentName}

// ofDevice identify the machine.
var ofDevice = []dicom.Tag{dicom.StationName, dicom.DeviceSerialNumber}

func (z *Deidentifier) secretsOf(d *dicom.Dataset) *secrets {
	s := &secrets{}
	tags := slices.Clone(identifying)
	if !z.options.KeepInstitution {
		tags = append(tags, ofInstitution...)
	}
	if !z.options.KeepDevice {
		tags = append(tags, ofDevice...)
	}
	if !z.options.KeepUIDs {
		tags = append(tags, dicom.StudyInstanceUID, dicom.SeriesInstanceUID, dicom.SOPInstanceUID)
	}
	s.collect(d, tags)
	slices.SortFunc(s.words, func(a, b string) int { return len(b) - len(a) })
	s.words = slices.Compact(s.words)
	return s
}

func (s *secrets) collect(d *dicom.Dataset, tags []dicom.Tag) {
	for i := range d.Elements {
		e := &d.Elements[i]
		for _, item := range e.Items {
			s.collect(item, tags)
		}
		switch {
		case vrOf(e) == dicom.PN:
			for _, name := range d.Texts(e.Tag) {
				s.name(name)
			}
		case slices.Contains(tags, e.Tag):
			for _, value := range d.Texts(e.Tag) {
				s.add(value)
			}
		}
	}
}

// name adds a name as it may be written in a text: each writing whole, with
// and without spaces, and its parts.
func (s *secrets) name(name string) {
	for _, writing := range strings.Split(name, "=") {
		parts := strings.FieldsFunc(writing, func(r rune) bool { return r == '^' || r == ' ' })
		s.add(strings.Join(parts, " "))
		s.add(strings.Join(parts, ""))
		s.add(writing)
		for i, p := range parts {
			s.add(p)
			if i > 0 {
				s.add(p + " " + parts[0])
			}
		}
	}
}

// add takes a value that is long enough not to hit other words: two Chinese
// characters or three others.
func (s *secrets) add(value string) {
	value = strings.ToLower(strings.TrimSpace(value))
	n := utf8.RuneCountInString(value)
	if n >= 3 || n == 2 && unicode.Is(unicode.Han, []rune(value)[0]) {
		s.words = append(s.words, value)
	}
}

// cut replaces all secrets in a text.
func (s *secrets) cut(text string) string {
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // letters whose lower case has another length
		text = lower
	}
	for _, w := range s.words {
		for at := 0; ; {
			i := strings.Index(lower[at:], w)
			if i < 0 {
				break
			}
			from, to := at+i, at+i+len(w)
			if !wholeWord(lower, from, to) {
				_, n := utf8.DecodeRuneInString(lower[from:])
				at = from + n
				continue
			}
			text, lower = text[:from]+"***"+text[to:], lower[:from]+"***"+lower[to:]
			at = from + 3
		}
	}
	return text
}

// wholeWord says that no letter or digit of the same script goes on before or
// after: "Lee" is not in "sleep". Chinese has no spaces between words.
func wholeWord(s string, from, to int) bool {
	first, _ := utf8.DecodeRuneInString(s[from:])
	last, _ := utf8.DecodeLastRuneInString(s[:to])
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	after, _ := utf8.DecodeRuneInString(s[to:])
	return !goesOn(before, first) && !goesOn(last, after)
}

func goesOn(a, b rune) bool {
	word := func(r rune) bool {
		return unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) || unicode.IsDigit(r)
	}
	return a != utf8.RuneError && b != utf8.RuneError && word(a) && word(b)
}

// traces are what people write that identifies without being in any other
// attribute: numbers as long as those of persons, phones and visits, dates,
// addresses of mail, doctors by their titles.
var traces = regexp.MustCompile(`[0-9]{5,}[0-9Xx]?` +
	`|[0-9]{2,4}[-./年][0-9]{1,2}[-./月][0-9]{1,4}日?` +
	`|[\w.+-]+@[\w-]+\.[\w.]+` +
	`|(?i:\b(?:dr|prof|mr|mrs|ms)\b\.?\s*[\p{L}-]+)` +
	`|\p{Han}{1,4}(?:医生|醫生|主任|教授|大夫|护士|护师|技师|先生|女士)`)

// cleaned leaves the traces out of a description.
func cleaned(text string) string { return traces.ReplaceAllString(text, "***") }
