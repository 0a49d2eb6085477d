package api

import (
	"encoding/json"
	"strings"

	"github.com/yuanzhen/yuanzhen/ecg/measure"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

func (s *Server) driftRoutes() []Route {
	return []Route{{Method: "GET", Path: "/api/v1/quality/ecg-drift", Roles: []hub.Role{hub.QC}, Do: s.ecgDrift}}
}

// mostMeasured bounds how many recordings a look at the devices reads: some
// months of a busy centre.
const mostMeasured = 20000

// ecgDrift tells how far each model's own values lie from the hub's, month by
// month.
func (s *Server) ecgDrift(c *Call) (any, error) {
	rows, err := c.Read().Measured(c.Actor.Member, mostMeasured)
	if err != nil {
		return nil, err
	}
	pairs := make([]measure.Pair, 0, len(rows))
	for _, r := range rows {
		var cart struct {
			Measurements map[string]float64
			Device       struct{ Manufacturer, Model string }
		}
		var own map[string]any
		if json.Unmarshal(r.Device, &cart) != nil || json.Unmarshal(r.Hub, &own) != nil || len(cart.Measurements) == 0 {
			continue
		}
		p := measure.Pair{Device: strings.TrimSpace(cart.Device.Manufacturer + " " + cart.Device.Model), Month: r.CreatedAt.In(chinaTime).Format("2006-01"),
			Cart: cart.Measurements, Hub: map[string]float64{}}
		for name, v := range own {
			if n, is := v.(float64); is {
				p.Hub[name] = n
			}
		}
		pairs = append(pairs, p)
	}
	return map[string]any{"items": measure.Drifts(pairs)}, nil
}
