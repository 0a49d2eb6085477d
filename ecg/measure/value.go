package measure

import (
	"encoding/json"
	"math"
)

// Value is a measured number; its zero value means "not measurable" and is
// left out of JSON where the field says omitzero.
type Value struct {
	Number     float64
	Measurable bool
}

// IsZero reports that the value could not be measured.
func (v Value) IsZero() bool { return !v.Measurable }

// MarshalJSON writes the bare number, null if there is none.
func (v Value) MarshalJSON() ([]byte, error) {
	if !v.Measurable {
		return []byte("null"), nil
	}
	return json.Marshal(v.Number)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(data []byte) error {
	var number *float64
	if err := json.Unmarshal(data, &number); err != nil {
		return err
	}
	*v = Value{}
	if number != nil {
		*v = Value{Number: *number, Measurable: true}
	}
	return nil
}

// rounded makes a Value in whole steps; NaN and infinities are not measurable.
func rounded(number, step float64) Value {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return Value{}
	}
	// Dividing by the inverse keeps 0.1 from becoming 0.1000000001.
	inverse := math.Round(1 / step)
	if step >= 1 {
		return Value{Number: math.Round(number/step) * step, Measurable: true}
	}
	return Value{Number: math.Round(number*inverse) / inverse, Measurable: true}
}
