package hub

import (
	"strings"
	"time"
)

// Patient is a person as one member knows them: (member, local id) is unique;
// equal local ids of two members are two patients until a link joins both to
// one Person.
type Patient struct {
	ID        PatientID
	Member    MemberID
	LocalID   string
	Name      string // as shown: the ideographic group where there is one
	Sex       string // M, F, O or ""
	BirthDate string // YYYY-MM-DD or ""
	Age       string // as stated, "056Y", when the birth date is unknown
	IDType    string // CV02.01.101
	IDNumber  string // plain in memory only; sealed at rest
	Phone     string // plain in memory only; sealed at rest
	Person    string // the person this patient is linked to; "" none
}

// AgeOn returns the age in years and unit ("56岁", "3月", "12天") on a day.
func (p *Patient) AgeOn(day time.Time) string {
	born, err := time.Parse("2006-01-02", p.BirthDate)
	if err != nil {
		return statedAge(p.Age)
	}
	years := day.Year() - born.Year()
	if day.YearDay() < born.AddDate(years, 0, 0).YearDay() {
		years--
	}
	switch {
	case years >= 2:
		return itoa(years) + "岁"
	case day.Sub(born) >= 60*24*time.Hour:
		return itoa(int(day.Sub(born).Hours()/24/30.44)) + "月"
	case day.Before(born):
		return ""
	default:
		return itoa(int(day.Sub(born).Hours()/24)) + "天"
	}
}

// statedAge turns a DICOM age string (PS3.5 6.2, AS) into words.
func statedAge(as string) string {
	if len(as) != 4 {
		return as
	}
	unit := map[byte]string{'Y': "岁", 'M': "月", 'W': "周", 'D': "天"}[as[3]]
	n := strings.TrimLeft(as[:3], "0")
	if unit == "" || n == "" {
		return as
	}
	return n + unit
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// ResidentID checks an 18-character resident ID number (GB 11643) and returns
// the birth date (YYYY-MM-DD) and sex it states.
func ResidentID(s string) (birth, sex string, ok bool) {
	if len(s) != 18 {
		return "", "", false
	}
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		if s[i] < '0' || s[i] > '9' {
			return "", "", false
		}
		sum += w * int(s[i]-'0')
	}
	if "10X98765432"[sum%11] != upper(s[17]) {
		return "", "", false
	}
	born, err := time.Parse("20060102", s[6:14])
	if err != nil {
		return "", "", false
	}
	sex = "F"
	if s[16]%2 == 1 {
		sex = "M"
	}
	return born.Format("2006-01-02"), sex, true
}

func upper(b byte) byte {
	if b == 'x' {
		return 'X'
	}
	return b
}

// MaskName hides a name for wall boards, exports and other institutions'
// lists: 张三 → 张*, 欧阳小明 → 欧**明, 买买提·艾力 → 买**·**.
func MaskName(name string) string {
	if before, _, dotted := strings.Cut(name, "·"); dotted {
		r := []rune(before)
		if len(r) == 0 {
			return "*"
		}
		return string(r[:1]) + strings.Repeat("*", max(1, len(r)-1)) + "·**"
	}
	r := []rune(name)
	switch len(r) {
	case 0:
		return ""
	case 1:
		return "*"
	case 2:
		return string(r[:1]) + "*"
	}
	return string(r[:1]) + strings.Repeat("*", len(r)-2) + string(r[len(r)-1:])
}
