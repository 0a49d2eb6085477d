package metric

import (
	"context"
	"sync"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/hub"
)

// codes turns a member's id into its code, the institution label.
type codes struct {
	db   *db.DB
	mu   sync.Mutex // guards the rest
	byID map[hub.MemberID]string
	read time.Time // when the members were last read
}

// rereadCodes bounds how often an id that is not known costs a query.
const rereadCodes = 10 * time.Second

func (c *codes) of(id hub.MemberID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if code, ok := c.byID[id]; ok {
		return code
	}
	if time.Since(c.read) > rereadCodes {
		c.read = time.Now()
		c.reread()
	}
	if code, ok := c.byID[id]; ok {
		return code
	}
	return "unknown"
}

func (c *codes) reread() {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	members, err := c.db.Read(ctx).Members()
	if err != nil {
		return // "unknown" until the database answers
	}
	for _, m := range members {
		c.byID[m.ID] = m.Code
	}
}
