package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/account"
	"github.com/yuanzhen/yuanzhen/internal/critical"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/order"
	"github.com/yuanzhen/yuanzhen/internal/reassign"
	"github.com/yuanzhen/yuanzhen/internal/recognition"
	"github.com/yuanzhen/yuanzhen/internal/report"
	"github.com/yuanzhen/yuanzhen/internal/upload"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// operation is what the test reads of one operation of the document.
type operation struct {
	Summary    string
	Roles      []hub.Role `json:"x-roles"`
	Security   *[]any
	Parameters []struct{ Name, In string }
	Responses  map[string]any
}

type document struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas map[string]struct {
			Properties map[string]map[string]any
		}
	}
}

func readDocument(t *testing.T) document {
	t.Helper()
	var d document
	must(t, json.Unmarshal(openAPIDocument, &d))
	return d
}

// place is a part of a path that stands for a value.
var place = regexp.MustCompile(`\{(\w+)(\.\.\.)?\}`)

func TestDocumentAndRoutesAgree(t *testing.T) {
	t.Parallel()
	d := readDocument(t)
	documented := map[string]bool{}
	for path, methods := range d.Paths {
		for method := range methods {
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, r := range (&Server{}).Routes() {
		path := place.ReplaceAllString(r.Path, "{$1}")
		name := r.Method + " " + path
		o, there := d.Paths[path][strings.ToLower(r.Method)]
		if !there {
			t.Errorf("%s is not in openapi.json", name)
			continue
		}
		delete(documented, name)
		if o.Summary == "" || len(o.Responses) == 0 {
			t.Errorf("%s has no summary or no answer", name)
		}
		if public := o.Security != nil && len(*o.Security) == 0; public != r.Public {
			t.Errorf("%s: public is %v, the document says %v", name, r.Public, public)
		}
		if have, want := slices.Sorted(slices.Values(o.Roles)), slices.Sorted(slices.Values(r.Roles)); !slices.Equal(have, want) {
			t.Errorf("%s: x-roles are %v, the route admits %v", name, have, want)
		}
		for _, m := range place.FindAllStringSubmatch(r.Path, -1) {
			if !slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.In == "path" && p.Name == m[1] }) {
				t.Errorf("%s: path parameter %s is not described", name, m[1])
			}
		}
	}
	for name := range documented {
		t.Errorf("%s is in openapi.json and is no route", name)
	}
}

// answered are the nouns that the API answers, by their name in the document.
var answered = map[string]any{
	"Account": AccountRow{}, "Addendum": report.AddendumView{}, "Agreement": AgreementRow{}, "AllianceSummary": AllianceSummary{}, "AuditRecord": AuditRow{},
	"Candidate": CandidateView{}, "CatalogueItem": hub.CatalogueItem{}, "CriticalItem": critical.Item{}, "CriticalValue": critical.View{},
	"Decision": hub.Decision{}, "Device": DeviceRow{}, "Duty": DutyRow{}, "Enrolment": account.Enrolment{}, "ImportedResult": recognition.Imported{}, "InboxItem": reassign.Item{},
	"Mark": MarkRow{}, "Member": hub.Member{}, "Order": hub.Order{}, "OrderMade": order.Made{}, "Patient": worklist.PatientView{}, "Prior": Prior{},
	"Quarantined": QuarantineView{}, "Reader": ReaderView{}, "Reassignment": ReassignmentView{}, "Receipt": upload.Receipt{}, "Recognised": recognition.Recognised{},
	"RecognisedItem": RecognisedItem{}, "RecognitionSummary": Summary{}, "Recording": RecordingView{}, "Report": report.View{}, "Route": RouteRow{}, "RouteJob": RouteJobRow{}, "Session": SessionView{},
	"SessionAccount": AccountView{}, "Stranger": StrangerRow{}, "Task": worklist.View{}, "Template": hub.Template{}, "Tier": Tier{}, "Token": TokenView{}, "Upload": UploadView{}, "Verdict": VerdictView{},
}

func TestSchemasHaveTheFieldsThatAreAnswered(t *testing.T) {
	t.Parallel()
	d := readDocument(t)
	for name, v := range answered {
		schema, there := d.Components.Schemas[name]
		if !there {
			t.Errorf("schema %s is missing", name)
			continue
		}
		want := fields(reflect.TypeOf(v))
		for field, kind := range want {
			have, there := schema.Properties[field]
			if !there {
				t.Errorf("%s.%s is answered and not in openapi.json", name, field)
			} else if have["$ref"] == nil && !strings.Contains(fmt.Sprint(have["type"], have["anyOf"]), kind) && have["type"] != nil {
				t.Errorf("%s.%s is %s, openapi.json says %v", name, field, kind, have["type"])
			}
		}
		for field := range schema.Properties {
			if want[field] == "" {
				t.Errorf("%s.%s is in openapi.json and is not answered", name, field)
			}
		}
	}
}

// fields are the JSON fields of a struct with their JSON types; an outer field
// hides an embedded one, as in encoding/json.
func fields(t reflect.Type) map[string]string {
	out, embedded := map[string]string{}, map[string]string{}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			for k, v := range fields(f.Type) {
				embedded[k] = v
			}
		case f.IsExported() && name != "-" && name != "":
			out[name] = jsonType(f.Type)
		}
	}
	for k, v := range embedded {
		if out[k] == "" {
			out[k] = v
		}
	}
	return out
}

func jsonType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "string"
	case t == reflect.TypeFor[json.RawMessage]():
		return "object"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map, reflect.Interface:
		return "object"
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	return "integer"
}
