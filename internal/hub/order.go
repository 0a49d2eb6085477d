package hub

import "time"

// Visit is the kind of visit (就诊类别).
type Visit string

// The visits.
const (
	Outpatient  Visit = "outpatient"  // 门诊
	Emergency   Visit = "emergency"   // 急诊
	Inpatient   Visit = "inpatient"   // 住院
	HealthCheck Visit = "healthcheck" // 体检
)

// Order is what the clinic asks for (检查申请单).
type Order struct {
	ID          OrderID   `json:"id"`
	Member      MemberID  `json:"member"`
	Accession   string    `json:"accession"`
	Origin      string    `json:"origin"` // entered, draft (made from objects), imported
	Patient     PatientID `json:"-"`
	PatientName string    `json:"patient_name"`
	Sex         string    `json:"sex"`
	BirthDate   string    `json:"birth_date"`
	Age         string    `json:"age"`
	IDType      string    `json:"id_type"`
	IDNumber    string    `json:"id_number,omitempty"`
	IDReason    string    `json:"id_reason"` // newborn, none, unknown_emergency: why there is no ID number
	Phone       string    `json:"phone,omitempty"`
	LocalID     string    `json:"patient_id"`
	Visit       Visit     `json:"visit"`
	Department  string    `json:"department"`
	Doctor      string    `json:"doctor"`
	DoctorID    AccountID `json:"-"`
	Kind        TaskKind  `json:"kind"`
	Item        string    `json:"item"` // exam item code
	ItemName    string    `json:"item_name"`
	Modality    string    `json:"modality"`
	BodyPart    string    `json:"body_part"`
	Laterality  string    `json:"laterality"`
	Method      string    `json:"method"`
	History     string    `json:"history"`
	Purpose     string    `json:"purpose"`
	Symptom     string    `json:"symptom"`
	Onset       string    `json:"onset"`
	BP          string    `json:"bp"`
	Pacemaker   bool      `json:"pacemaker"`
	Drugs       string    `json:"drugs"`
	Pregnancy   string    `json:"pregnancy"` // yes, no, unknown, "" not asked
	ConsentAt   time.Time `json:"consent_at,omitzero"`
	Priority    int       `json:"priority"`
	Owed        []string  `json:"owed,omitempty"` // fields an emergency order still owes
	CreatedAt   time.Time `json:"created_at"`
	Cancelled   bool      `json:"cancelled"`
}
