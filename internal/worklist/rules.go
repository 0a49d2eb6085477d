package worklist

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/yuanzhen/yuanzhen/internal/db"
)

// Rules are the numbers of the domain rules that an alliance may set
// (`rules:` of the settings file). All are durations.
type Rules struct {
	Settle time.Duration `yaml:"settle"` // silence after which a study counts as settled
	Lease  time.Duration `yaml:"lease"`  // of a claim

	ECGEmergency    time.Duration `yaml:"ecg_emergency"`
	ECGRoutine      time.Duration `yaml:"ecg_routine"`
	Holter          time.Duration `yaml:"holter"`
	DREmergency     time.Duration `yaml:"dr_emergency"`
	HeadCTEmergency time.Duration `yaml:"head_ct_emergency"`
	CTEmergency     time.Duration `yaml:"ct_emergency"`
	DRRoutine       time.Duration `yaml:"dr_routine"`
	CTOutpatient    time.Duration `yaml:"ct_outpatient"` // working hours
	CTInpatient     time.Duration `yaml:"ct_inpatient"`  // working hours
	Consultation    time.Duration `yaml:"consultation"`
	HealthCheck     time.Duration `yaml:"health_check"`

	ClaimGreen     time.Duration `yaml:"claim_green"`
	ClaimEmergency time.Duration `yaml:"claim_emergency"`
	ClaimUrgent    time.Duration `yaml:"claim_urgent"`
	ClaimRoutine   time.Duration `yaml:"claim_routine"`

	CriticalRepeat     time.Duration `yaml:"critical_repeat"`
	CriticalHead       time.Duration `yaml:"critical_head"`
	CriticalDispatcher time.Duration `yaml:"critical_dispatcher"`
	CriticalDutyDesk   time.Duration `yaml:"critical_duty_desk"`

	SessionIdle time.Duration `yaml:"session_idle"`
	UploadKeep  time.Duration `yaml:"upload_keep"` // an unfinished upload nobody continues
	OrphanKeep  time.Duration `yaml:"orphan_keep"` // objects that no row names
}

// DefaultRules are the defaults of the domain rules.
func DefaultRules() Rules {
	const h = time.Hour
	return Rules{
		Settle: 10 * time.Second, Lease: 2 * time.Minute,
		ECGEmergency: 10 * time.Minute, ECGRoutine: 30 * time.Minute, Holter: 24 * h,
		DREmergency: 30 * time.Minute, HeadCTEmergency: 30 * time.Minute, CTEmergency: h,
		DRRoutine: 2 * h, CTOutpatient: 4 * h, CTInpatient: 6 * h, Consultation: 24 * h, HealthCheck: 48 * h,
		ClaimGreen: 2 * time.Minute, ClaimEmergency: 5 * time.Minute, ClaimUrgent: 15 * time.Minute, ClaimRoutine: 30 * time.Minute,
		CriticalRepeat: time.Minute, CriticalHead: 3 * time.Minute, CriticalDispatcher: 5 * time.Minute, CriticalDutyDesk: 8 * time.Minute,
		SessionIdle: 15 * time.Minute, UploadKeep: 7 * 24 * h, OrphanKeep: 24 * h,
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

// UnmarshalYAML sets the rules that are named; an unknown name or a number
// without a unit is an error that names it.
func (r *Rules) UnmarshalYAML(n *yaml.Node) error {
	var given map[string]string
	if err := n.Decode(&given); err != nil {
		return fmt.Errorf("rules: every rule is a duration such as 30m: %w", err)
	}
	v := reflect.ValueOf(r).Elem()
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		fields[v.Type().Field(i).Tag.Get("yaml")] = v.Field(i)
	}
	var faults []string
	for name, text := range given {
		f, known := fields[name]
		d, err := time.ParseDuration(text)
		switch {
		case !known:
			faults = append(faults, fmt.Sprintf("rules.%s: no such rule", name))
		case err != nil || d <= 0:
			faults = append(faults, fmt.Sprintf("rules.%s: %q is not a positive duration such as 30m", name, text))
		default:
			f.SetInt(int64(d))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s", strings.Join(faults, "; "))
	}
	return nil
}
