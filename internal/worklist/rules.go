package worklist

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/yuanzhen/yuanzhen/internal/db"
)

// Rules are the numbers of the domain rules that an alliance may set
// (`rules:` of the settings file).
type Rules struct {
	Settle time.Duration `yaml:"settle"` // silence after which a study counts as settled
	Lease  time.Duration `yaml:"lease"`  // of a claim

	ECGEmergency    time.Duration `yaml:"ecg_emergency"`
	ECGRoutine      time.Duration `yaml:"ecg_routine"`
	Holter          time.Duration `yaml:"holter"`
	DREmergency     time.Duration `yaml:"dr_emergency"`
	HeadCTEmergency time.Duration `yaml:"head_ct_emergency"`
	CTEmergency     time.Duration `yaml:"ct_emergency"`
	Urgent          time.Duration `yaml:"urgent"` // priority 2, but ECGs
	DRRoutine       time.Duration `yaml:"dr_routine"`
	CTOutpatient    time.Duration `yaml:"ct_outpatient"` // working hours
	CTInpatient     time.Duration `yaml:"ct_inpatient"`  // working hours
	Consultation    time.Duration `yaml:"consultation"`
	HealthCheck     time.Duration `yaml:"health_check"`

	WorkFrom time.Duration `yaml:"work_from"` // working hours, Monday to Friday, from midnight in China
	WorkTo   time.Duration `yaml:"work_to"`

	WarnFirst  int `yaml:"warn_first_percent"`  // of a limit, when people are warned
	WarnSecond int `yaml:"warn_second_percent"` // and the next tier is asked, if nobody has claimed

	ClaimGreen     time.Duration `yaml:"claim_green"`
	ClaimEmergency time.Duration `yaml:"claim_emergency"`
	ClaimUrgent    time.Duration `yaml:"claim_urgent"`
	ClaimRoutine   time.Duration `yaml:"claim_routine"`

	CriticalRepeat     time.Duration `yaml:"critical_repeat"`
	CriticalHead       time.Duration `yaml:"critical_head"`
	CriticalDispatcher time.Duration `yaml:"critical_dispatcher"`
	CriticalDutyDesk   time.Duration `yaml:"critical_duty_desk"`

	CriticalNotify  time.Duration `yaml:"critical_notify"`  // found to notified
	CriticalReceive time.Duration `yaml:"critical_receive"` // found to received
	CriticalHandle  time.Duration `yaml:"critical_handle"`  // found to handled

	SessionIdle  time.Duration `yaml:"session_idle"`
	SessionLife  time.Duration `yaml:"session_life"`  // used or not
	LockFailures int           `yaml:"lock_failures"` // wrong passwords in a row
	LockTime     time.Duration `yaml:"lock_time"`
	MinPassword  int           `yaml:"min_password"` // characters
	Invitation   time.Duration `yaml:"invitation"`   // life of a set-up or password link
	LoginTries   int           `yaml:"login_tries"`  // of one address in login_window
	LoginWindow  time.Duration `yaml:"login_window"`

	UploadKeep time.Duration `yaml:"upload_keep"` // an unfinished upload nobody continues
	OrphanKeep time.Duration `yaml:"orphan_keep"` // objects that no row names

	ECG ECGRules `yaml:"ecg"` // of the pre-alert
}

// DefaultRules are the defaults of the domain rules.
func DefaultRules() Rules {
	const h = time.Hour
	return Rules{
		Settle: 10 * time.Second, Lease: 2 * time.Minute,
		ECGEmergency: 10 * time.Minute, ECGRoutine: 30 * time.Minute, Holter: 24 * h,
		DREmergency: 30 * time.Minute, HeadCTEmergency: 30 * time.Minute, CTEmergency: h,
		Urgent: h, DRRoutine: 2 * h, CTOutpatient: 4 * h, CTInpatient: 6 * h, Consultation: 24 * h, HealthCheck: 48 * h,
		WorkFrom: 8 * h, WorkTo: 18 * h, WarnFirst: 50, WarnSecond: 80,
		ClaimGreen: 2 * time.Minute, ClaimEmergency: 5 * time.Minute, ClaimUrgent: 15 * time.Minute, ClaimRoutine: 30 * time.Minute,
		CriticalRepeat: time.Minute, CriticalHead: 3 * time.Minute, CriticalDispatcher: 5 * time.Minute, CriticalDutyDesk: 8 * time.Minute,
		CriticalNotify: 5 * time.Minute, CriticalReceive: 10 * time.Minute, CriticalHandle: 30 * time.Minute,
		SessionIdle: 15 * time.Minute, SessionLife: 12 * h, LockFailures: 5, LockTime: 30 * time.Minute, MinPassword: 10, Invitation: 24 * h, LoginTries: 60, LoginWindow: time.Minute,
		UploadKeep: 7 * 24 * h, OrphanKeep: 24 * h,
	}
}

// claimLimit is how long a task of a priority may wait for a claim before the
// next tier is asked.
func (r Rules) claimLimit(priority int) time.Duration {
	return r.claimLimits()[min(max(priority, 0), 4)]
}

func (r Rules) claimLimits() db.ClaimLimits {
	return db.ClaimLimits{r.ClaimGreen, r.ClaimEmergency, r.ClaimUrgent, r.ClaimRoutine, r.ClaimRoutine}
}

// UnmarshalYAML sets the rules that are named; an unknown name, a duration
// without a unit or a number out of its range is an error that names it.
func (r *Rules) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("rules: line %d: want names with values such as settle: 10s", n.Line)
	}
	v := reflect.ValueOf(r).Elem()
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		fields[v.Type().Field(i).Tag.Get("yaml")] = v.Field(i)
	}
	var faults []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		f, known := fields[name]
		if !known {
			faults = append(faults, fmt.Sprintf("rules.%s: no such rule", name))
			continue
		}
		if err := set(f, value); err != nil {
			faults = append(faults, fmt.Sprintf("rules.%s: %s", name, err))
		}
	}
	if err := r.check(); err != nil {
		faults = append(faults, err.Error())
	}
	if len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	return nil
}

// set writes one rule.
func set(f reflect.Value, n *yaml.Node) error {
	switch to := f.Addr().Interface().(type) {
	case *time.Duration:
		d, err := time.ParseDuration(n.Value)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is not a positive duration such as 30m", n.Value)
		}
		*to = d
	case *int:
		number, err := strconv.Atoi(n.Value)
		if err != nil || number <= 0 {
			return fmt.Errorf("%q is not a positive whole number", n.Value)
		}
		*to = number
	default:
		return n.Decode(to)
	}
	return nil
}

// check refuses rules that contradict each other.
func (r *Rules) check() error {
	switch {
	case r.WarnFirst >= r.WarnSecond || r.WarnSecond >= 100:
		return fmt.Errorf("rules: want warn_first_percent below warn_second_percent below 100, have %d and %d", r.WarnFirst, r.WarnSecond)
	case r.WorkFrom >= r.WorkTo || r.WorkTo > 24*time.Hour:
		return fmt.Errorf("rules: want work_from before work_to within a day, have %s and %s", r.WorkFrom, r.WorkTo)
	}
	return nil
}

// marks are the parts of a limit, in per cent, at which people are warned.
func (r Rules) marks() []int { return []int{r.WarnFirst, r.WarnSecond, 100} }
