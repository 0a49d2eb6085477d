package route

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom/dimse"
)

// follows is what becomes of an instance after an answer of its destination.
func follows(t *testing.T, answer string) string {
	t.Helper()
	var refused refusal
	var again bool
	if number, ok := strings.CutPrefix(answer, "HTTP "); ok {
		status, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		again = judge(status, []byte("{}"), 1, &refused) != nil
	} else {
		code, err := strconv.ParseUint(answer, 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		again = passing(uint16(code))
		if s := (dimse.Status{Code: uint16(code)}); !again && !s.OK() {
			refused.add(1, s.String())
		}
		inJSON := fmt.Sprintf(`{"00081198":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[%d]}}]}}`, code)
		var byWeb refusal
		if web := judge(202, []byte(inJSON), 1, &byWeb) != nil; code != 0 && answer[0] != 'B' && (web != again || byWeb.count != refused.count) {
			t.Errorf("%s as a reason of STOW-RS: again %v, %d refused", answer, web, byWeb.count)
		}
	}
	switch {
	case again:
		return "again later"
	case refused.count > 0:
		return "refused"
	}
	return "sent"
}

func TestConformanceStatementSaysWhatFollowsAnAnswer(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| answer of a destination | what follows |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := regexp.MustCompile(`(?m)^\| (HTTP )?([0-9A-F, ]+) \| (.*) \|$`).FindAllStringSubmatch(table, -1)
	if !ok || len(rows) != strings.Count(table, "\n")+1 {
		t.Fatalf("%d rows are understood of\n%s", len(rows), table)
	}
	for _, row := range rows {
		for answer := range strings.SplitSeq(row[2], ", ") {
			if got := follows(t, row[1]+answer); got != row[3] {
				t.Errorf("%s%s is stated as %q, the code says %q", row[1], answer, row[3], got)
			}
		}
	}
	plain := strings.Join(strings.Fields(string(text)), " ")
	for _, say := range []string{
		fmt.Sprintf("requests of up to %d MiB", requestMost>>20), fmt.Sprintf("is so after %d s and then at growing intervals of up to an hour, for three days", firstRetry/time.Second),
	} {
		if !strings.Contains(plain, say) {
			t.Errorf("the statement does not say %q", say)
		}
	}
	if lastRetry != time.Hour || giveUp != 3*24*time.Hour {
		t.Error("the statement tells of other waits")
	}
}
