package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// fieldErrors calls each with field and reason of every hub.Field in the
// source; either is "" where it is computed.
func fieldErrors(t *testing.T, each func(at, field, reason string)) {
	t.Helper()
	literal := func(e ast.Expr) string {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			s, _ := strconv.Unquote(l.Value)
			return s
		}
		return ""
	}
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Field" {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "hub" {
					each(files.Position(call.Pos()).String(), literal(call.Args[1]), literal(call.Args[2]))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// latin finds English words left in a Chinese sentence: codes and forms that a
// program needs stand as they are, words between them do not.
var latin = regexp.MustCompile(`[a-z]+ [a-z]+ [a-z]+`)

func TestEveryFieldErrorSaysInBothLanguagesWhatTheFieldMustLookLike(t *testing.T) {
	t.Parallel()
	headers := []string{"Upload-Length", "Upload-Metadata", "Upload-Offset", "X-HTTP-Method-Override"}
	n := 0
	fieldErrors(t, func(at, field, reason string) {
		n++
		if _, known := fieldLabels[field]; field != "" && !known && !strings.Contains(strings.Join(headers, " "), field) {
			t.Errorf("%s: field %q has no name on the page", at, field)
		}
		if reason == "" {
			return // one of the reasons of its package
		}
		zh, en := fieldReasons[field+":"+reason], fieldReasons[reason]
		if zh[0] == "" && en[0] == "" {
			t.Errorf("%s: reason %q of %q has no sentence", at, reason, field)
		}
	})
	if n < 100 {
		t.Fatalf("only %d field errors found: the test no longer fits the source", n)
	}
	for key, w := range fieldReasons {
		if w[0] == "" || w[1] == "" || latin.MatchString(w[0]) {
			t.Errorf("%s: %q", key, w)
		}
	}
}

func TestFieldErrorReadsWellInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    *hub.Error
		zh, en string
	}{
		{hub.Field("", "birth_date", "want YYYY-MM-DD, not in the future"), "“出生日期”填写有误：须为日期，如 1970-01-31，且不晚于今天。请改正后重试。",
			"the birth date is not right: it must be a date such as 1970-01-31, not in the future. Correct it and try again."},
		{hub.Field("", "files[12].sha256", "want 64 hexadecimal digits"), "“文件校验值”填写有误：须为 64 位十六进制数。请改正后重试。",
			"a file's SHA-256 is not right: it must be 64 hexadecimal digits. Correct it and try again."},
		{hub.Field("", "password", "too_short").With("least", 10), "“密码”填写有误：至少 10 个字符。请改正后重试。",
			"the password is not right: it must have at least 10 characters. Correct it and try again."},
		{hub.E(hub.Invalid, "", "submit.fields_missing").With("fields", []string{"sex", "item"}), "申请单还缺：性别、检查项目。请补全后提交。",
			"The order still lacks: the sex, the exam item."},
	} {
		if got := sentence("zh-CN", c.err.Code, c.err.Detail); got != c.zh {
			t.Errorf("%s, want %s", got, c.zh)
		}
		if got := sentence("en", c.err.Code, c.err.Detail); got != c.en {
			t.Errorf("%s, want %s", got, c.en)
		}
	}
}

func TestWrongTypeNamesItsField(t *testing.T) {
	t.Parallel()
	h := newHospital(t)
	v := h.refused("tech1", "POST", "/api/v1/orders", map[string]any{"patient_name": 12}, 400, fieldInvalid)
	if v["field"] != "patient_name" || v["detail"] != "“患者姓名”填写有误：须为文字。请改正后重试。" {
		t.Errorf("got %v", v)
	}
	h.refused("tech1", "POST", "/api/v1/orders", []byte("{"), 400, "request.json")
}
