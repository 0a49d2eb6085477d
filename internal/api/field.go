package api

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// fieldInvalid is the code of a field that is not as it must be; its details
// are the field and a reason, each a key of the lists below.
const fieldInvalid = "field.invalid"

// listPlace is the position in a list that a field's path may hold.
var listPlace = regexp.MustCompile(`\[\d+\]`)

// embedded is a Go type's name in the path that encoding/json gives.
var embedded = regexp.MustCompile(`\b[A-Z]\w*\.`)

// fieldWords returns the details of a field.invalid error in a language: the
// field by its name on the page, the reason as a sentence on what it must look
// like.
func fieldWords(lang string, details map[string]any) map[string]any {
	out := make(map[string]any, len(details))
	for k, v := range details {
		out[k] = v
	}
	field, reason := plain(details["field"]), plain(details["reason"])
	out["field"] = fieldLabel(lang, field)
	key := listPlace.ReplaceAllString(field, "")
	words, ok := fieldReasons[key+":"+reason]
	if !ok {
		words, ok = fieldReasons[reason]
	}
	if ok {
		out["reason"] = fill(words.in(lang), details)
	}
	return out
}

// fieldLabel is a field's name on the page, or the field itself for a program's
// header.
func fieldLabel(lang, field string) string {
	if words, ok := fieldLabels[listPlace.ReplaceAllString(field, "")]; ok {
		return words.in(lang)
	}
	return field
}

// fieldList names several fields.
func fieldList(lang string, fields any) string {
	list, ok := fields.([]string)
	if !ok {
		return plain(fields)
	}
	named := make([]string, len(list))
	for i, f := range list {
		named[i] = fieldLabel(lang, f)
	}
	if lang == "en" {
		return strings.Join(named, ", ")
	}
	return strings.Join(named, "、")
}

// badJSON is the error of a body that cannot be read; it names the field when
// one has the wrong type.
func badJSON(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Field == "" {
		return hub.Wrap(hub.Invalid, "api.JSON", "request.json", err)
	}
	reason := "want an object"
	switch kind := wrong.Type.Kind(); {
	case kind == reflect.String:
		reason = "want text"
	case kind == reflect.Bool:
		reason = "want true or false"
	case kind == reflect.Slice || kind == reflect.Array:
		reason = "want a list"
	case kind == reflect.Float32 || kind == reflect.Float64:
		reason = "want a number"
	case kind >= reflect.Int && kind <= reflect.Uint64:
		reason = "want a whole number"
	}
	return hub.Field("api.JSON", embedded.ReplaceAllString(wrong.Field, ""), reason)
}

// words are a text in zh-CN and en.
type words [2]string

func (w words) in(lang string) string {
	if lang == "en" {
		return w[1]
	}
	return w[0]
}

// fill puts details into the places {name} of a text.
func fill(text string, details map[string]any) string {
	if !strings.Contains(text, "{") {
		return text
	}
	for k, v := range details {
		text = strings.ReplaceAll(text, "{"+k+"}", plain(v))
	}
	return text
}
