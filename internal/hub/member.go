package hub

import (
	"slices"
	"time"
)

// Member is an institution of the alliance (成员单位).
type Member struct {
	ID    MemberID `json:"id"`
	Code  string   `json:"code"`
	Name  string   `json:"name"`
	Level string   `json:"level"` // village, township, county, city, province
	Phone string   `json:"phone"` // duty desk
}

// Agreement routes the exams of a source to a reading centre (协议).
type Agreement struct {
	ID       string     `json:"id"`
	Source   MemberID   `json:"source"`
	Centre   MemberID   `json:"centre"`
	Kinds    []TaskKind `json:"kinds"` // empty: every kind
	From     time.Time  `json:"from"`
	To       time.Time  `json:"to"`       // zero: open ended
	Fallback bool       `json:"fallback"` // the next tier, when Centre's first agreement finds nobody
}

// Role is what an account may do, by its code in the domain rules, section 1.
type Role string

// The roles.
const (
	Tech       Role = "tech"
	Clinician  Role = "clinician"
	Reader     Role = "reader"
	Reviewer   Role = "reviewer"
	Expert     Role = "expert"
	Dispatcher Role = "dispatcher"
	QC         Role = "qc"
	Admin      Role = "admin"
	SecAdmin   Role = "secadmin"
	Auditor    Role = "auditor"
	Regulator  Role = "regulator"
)

// Roles lists every role.
var Roles = []Role{Tech, Clinician, Reader, Reviewer, Expert, Dispatcher, QC, Admin, SecAdmin, Auditor, Regulator}

// Right is a permission beyond the role.
type Right string

// The rights. SignAlone may name a kind: "sign_alone:ecg"; plain SignAlone
// covers all kinds the alliance allows.
const (
	SignPreliminary Right = "sign_preliminary"
	SignAlone       Right = "sign_alone"
	Head            Right = "head"      // head of the institution: escalation of critical values
	DutyDesk        Right = "duty_desk" // on the lead hospital's duty desk
)

// Account is a person who logs in, or a machine with a token.
type Account struct {
	ID           AccountID `json:"id"`
	Member       MemberID  `json:"member"`
	Login        string    `json:"login"`
	Name         string    `json:"name"`
	Role         Role      `json:"role"`
	Rights       []Right   `json:"rights"`
	Title        string    `json:"title"`       // title code of GB/T 8561: 231 … 235
	Certificate  string    `json:"certificate"` // practising certificate number
	Phone        string    `json:"phone"`
	Skills       []string  `json:"skills"` // kinds and modalities; empty: every one
	PasswordHash string    `json:"-"`
	TOTPSecret   string    `json:"-"`
	Active       bool      `json:"active"`
	Failures     int       `json:"-"`
	LockedUntil  time.Time `json:"locked_until,omitzero"`
	AutoSubmit   bool      `json:"auto_submit"` // what its tokens send is submitted when it settles
}

// Can reports whether the account holds right r, for kind k where r is SignAlone.
func (a *Account) Can(r Right, k TaskKind) bool {
	for _, have := range a.Rights {
		if have == r || have == r+":"+Right(k) {
			return true
		}
	}
	return false
}

// Duty is one line of the roster (排班): an account on duty for a kind.
type Duty struct {
	Account AccountID `json:"account"`
	Kind    string    `json:"kind"` // image, ecg, holter, consultation or "" for all
	From    time.Time `json:"from"`
	To      time.Time `json:"to"` // zero: until further notice
}

// Device is a modality or a cart that sends to the hub.
type Device struct {
	ID         DeviceID  `json:"id"`
	Member     MemberID  `json:"member"`
	AETitle    string    `json:"ae_title"`
	Name       string    `json:"name"`
	Address    string    `json:"address"` // host the association must come from; "" any
	Kind       string    `json:"kind"`
	AutoSubmit bool      `json:"auto_submit"`
	Active     bool      `json:"active"`
	CreatedAt  time.Time `json:"created_at,omitzero"`
	// SilentHours is after how many working hours without contact an alarm is
	// given; 0 for none.
	SilentHours int `json:"silent_hours"`
	// Port and TLS say how the device takes calls at Address: what it retrieves
	// and what was committed are sent there. Port 0: it takes none.
	Port int  `json:"port"`
	TLS  bool `json:"tls"`
	// Charset is the character set (0008,0005) of answers when a question names
	// none that fits, "" for GB18030.
	Charset string `json:"charset"`
	// Services the device may use; empty: every one.
	Services []Service `json:"services"`
	// Certificate is the SHA-256 of the client certificate the device must
	// show, in hexadecimal; "" asks for none.
	Certificate string `json:"fingerprint"`
}

// Service is a DICOM service that a device may be allowed.
type Service string

// The services.
const (
	StoreService    Service = "store"
	QueryService    Service = "query"
	RetrieveService Service = "retrieve"
	WorklistService Service = "worklist"
	StepService     Service = "step"   // modality performed procedure step
	CommitService   Service = "commit" // storage commitment
)

// Services lists every service.
var Services = []Service{StoreService, QueryService, RetrieveService, WorklistService, StepService, CommitService}

// May reports whether the device may use a service.
func (d *Device) May(s Service) bool { return len(d.Services) == 0 || slices.Contains(d.Services, s) }

// Actor is who does something: an account with its member and role, or the
// hub itself (Account "" and Role "system"), with where it came from.
type Actor struct {
	Account   AccountID
	Member    MemberID
	Role      Role
	Name      string
	Rights    []Right
	IP        string
	Client    string
	RequestID string
	Device    DeviceID
	Submits   bool // what it sends is submitted when it settles
}

// System is the hub acting by itself: leases, deadlines, delivery.
var System = Actor{Role: "system", Name: "hub"}

// Can reports whether the actor holds right r, for kind k where r is SignAlone.
func (a Actor) Can(r Right, k TaskKind) bool {
	return (&Account{Rights: a.Rights}).Can(r, k)
}
