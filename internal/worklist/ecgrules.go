package worklist

import (
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"
)

// ECGRules are an alliance's own numbers of the ECG pre-alert by name, and
// which items of the critical list are looked for: `af_rate: 180` or
// `E12: off`. They are passed on as they stand; whoever measures knows the
// names and refuses others.
type ECGRules struct {
	Numbers map[string]float64
	On      map[string]bool
}

// UnmarshalYAML reads names with a number, or with on or off.
func (r *ECGRules) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want names with a number, or with on or off", n.Line)
	}
	out := ECGRules{Numbers: map[string]float64{}, On: map[string]bool{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, text := n.Content[i].Value, n.Content[i+1].Value
		switch text {
		case "on", "true":
			out.On[name] = true
			continue
		case "off", "false":
			out.On[name] = false
			continue
		}
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%s: %q is no number, and neither on nor off", name, text)
		}
		out.Numbers[name] = number
	}
	*r = out
	return nil
}

// MarshalYAML writes them as they are read.
func (r ECGRules) MarshalYAML() (any, error) {
	out := map[string]any{}
	for name, number := range r.Numbers {
		out[name] = number
	}
	for name, on := range r.On {
		out[name] = on
	}
	return out, nil
}
