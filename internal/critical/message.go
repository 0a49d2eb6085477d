package critical

import (
	"encoding/json"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// notice is why a message leaves the hub and for whom.
type notice struct {
	Event string
	Step  int
	To    string
}

// Message is the body of a webhook call. Messages holds the text of each
// channel ready to send; msgtype and markdown make the whole body one that a
// 企业微信 group robot understands as it is. The patient's name is masked, and
// no number that could be an ID number is in it.
type Message struct {
	ID         string            `json:"id"` // the same at every try: receivers drop what they have
	Event      string            `json:"event"`
	Critical   hub.CriticalID    `json:"critical"`
	Step       int               `json:"step"`
	To         string            `json:"to"` // clinic, clinic_head, dispatcher, duty_desk
	Contacts   []Contact         `json:"contacts"`
	Member     string            `json:"member"`
	MemberName string            `json:"member_name"`
	Patient    string            `json:"patient"` // masked
	Sex        string            `json:"sex"`
	Age        string            `json:"age"`
	Exam       string            `json:"exam"`
	Items      []string          `json:"items"`
	ItemNames  []string          `json:"item_names"`
	Finding    string            `json:"finding"`
	Reason     string            `json:"reason,omitempty"` // of a withdrawal
	FoundAt    *time.Time        `json:"found_at"`
	ReceiveBy  time.Time         `json:"receive_by"`
	Messages   map[string]string `json:"messages"` // sms, voice
	MsgType    string            `json:"msgtype"`
	Markdown   struct {
		Content string `json:"content"`
	} `json:"markdown"`
}

// outgoing is the kind of the outbox's rows that deliver.go sends.
const outgoing = "critical"

// post stores the messages of a notice, one for each webhook.
func (s *Service) post(tx *db.Tx, v *View, n notice) error {
	if len(s.Webhooks) == 0 {
		return nil
	}
	people, err := contacts(tx, v, n.To)
	if err != nil {
		return err
	}
	for _, target := range s.Webhooks {
		m, err := compose(v, n, people)
		if err != nil {
			return err
		}
		body, err := json.Marshal(m)
		if err != nil {
			return err
		}
		row := &db.Outgoing{ID: m.ID, Kind: outgoing, Target: target, Body: string(body), CreatedAt: tx.Now(), NextAt: tx.Now()}
		if err := tx.InsertOutgoing(row); err != nil {
			return err
		}
	}
	return nil
}

var sexes = map[string]string{"M": "男", "F": "女"}

// compose fills the templates of every channel.
func compose(v *View, n notice, people []Contact) (*Message, error) {
	m := &Message{ID: hub.NewID[string](), Event: n.Event, Critical: v.ID, Step: n.Step, To: n.To, Contacts: people, Member: v.Member,
		MemberName: v.MemberName, Patient: hub.MaskName(v.Patient.Name), Sex: sexes[v.Patient.Sex], Age: v.Patient.Age, Exam: v.Exam, Items: v.Items,
		ItemNames: v.ItemNames, Finding: anonymous(v.Text, v.Patient.Name), Reason: anonymous(v.Reason, v.Patient.Name), FoundAt: v.FoundAt,
		ReceiveBy: v.Limits.Receive, Messages: map[string]string{}, MsgType: "markdown"}
	text := templates
	if v.State == hub.CriticalWithdrawn {
		text = withdrawals
	}
	for _, channel := range []string{"sms", "voice", "wecom"} {
		var b strings.Builder
		if err := text.ExecuteTemplate(&b, channel, m); err != nil {
			return nil, err
		}
		m.Messages[channel] = b.String()
	}
	m.Markdown.Content = m.Messages["wecom"]
	return m, nil
}

// longNumber is what could be an ID, card or telephone number.
var longNumber = regexp.MustCompile(`\d{7,}[\dXx]?`)

// anonymous takes the patient's name and long numbers out of a free text.
func anonymous(text, name string) string {
	if name != "" {
		text = strings.ReplaceAll(text, name, hub.MaskName(name))
	}
	return longNumber.ReplaceAllString(text, "***")
}

var functions = template.FuncMap{
	"clock": func(t *time.Time) string { return t.In(china).Format("15:04") },
	"what": func(m *Message) string {
		parts := m.ItemNames
		if m.Finding != "" {
			parts = append(parts[:len(parts):len(parts)], m.Finding)
		}
		return strings.Join(parts, "；")
	},
	"who": func(m *Message) string {
		return strings.TrimSpace(strings.Join([]string{m.Patient, m.Sex, m.Age}, " "))
	},
	"names": func(list []Contact) string {
		var names []string
		for _, c := range list {
			names = append(names, c.Name+" "+c.Phone)
		}
		return strings.Join(names, "、")
	},
}

// china is the time zone of what people read.
var china = time.FixedZone("CST", 8*3600)

var templates = template.Must(template.New("notice").Funcs(functions).Parse(`
{{- define "urge"}}{{if eq .To "clinic_head"}}本单位尚未接收，请立即督办。{{else if eq .To "dispatcher"}}基层尚未接收，请立即电话通报。{{else if eq .To "duty_desk"}}基层与调度均未完成接收，请总值班立即处理。{{else}}请立即登录接收并复述。{{end}}{{end -}}
{{- define "sms"}}【远诊危急值】{{if .Step}}第{{.Step}}次提醒：{{end}}{{.MemberName}} {{who .}}，{{.Exam}}：{{what .}}。发现于{{clock .FoundAt}}。{{template "urge" .}}{{end -}}
{{- define "voice"}}危急值通报。{{.MemberName}}，患者{{who .}}，{{.Exam}}，{{what .}}。{{clock .FoundAt}}发现。重复一遍，{{what .}}。{{template "urge" .}}{{end -}}
{{- define "wecom"}}**<font color="warning">危急值{{if .Step}}（第{{.Step}}次提醒）{{end}}</font>**
> 单位：{{.MemberName}}
> 患者：{{who .}}
> 检查：{{.Exam}}
> 发现：{{what .}}
> 时间：{{clock .FoundAt}}
{{template "urge" .}}{{if .Contacts}}
联系：{{names .Contacts}}{{end}}{{end}}`))

var withdrawals = template.Must(template.New("withdrawal").Funcs(functions).Parse(`
{{- define "sms"}}【远诊危急值】已撤销：{{.MemberName}} {{who .}}，{{.Exam}}：{{what .}}。原因：{{.Reason}}。{{end -}}
{{- define "voice"}}危急值已撤销。{{.MemberName}}，患者{{who .}}，{{what .}}。原因：{{.Reason}}。{{end -}}
{{- define "wecom"}}**<font color="comment">危急值已撤销</font>**
> 单位：{{.MemberName}}
> 患者：{{who .}}
> 发现：{{what .}}
> 原因：{{.Reason}}{{end}}`))
