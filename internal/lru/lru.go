// Package lru remembers what was used last.
package lru

import (
	"container/list"
	"sync"
)

// Cache keeps what was used last, up to a total cost. It is safe for
// concurrent use.
type Cache[K comparable, V any] struct {
	most int64

	mu    sync.Mutex // guards what follows
	cost  int64
	order *list.List // of *cached, the last used in front
	items map[K]*list.Element
}

type cached[K comparable, V any] struct {
	key   K
	value V
	cost  int64
}

// New returns an empty cache whose values cost at most most together.
func New[K comparable, V any](most int64) *Cache[K, V] {
	return &Cache[K, V]{most: most, order: list.New(), items: map[K]*list.Element{}}
}

// Get returns the value kept under key, if it still is.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		var none V
		return none, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached[K, V]).value, true
}

// Put keeps a value; one that costs more than a quarter of all is not kept.
func (c *Cache[K, V]) Put(key K, value V, cost int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[key]; ok {
		c.drop(e)
	}
	if cost > c.most/4 {
		return
	}
	c.items[key] = c.order.PushFront(&cached[K, V]{key, value, cost})
	for c.cost += cost; c.cost > c.most; {
		c.drop(c.order.Back())
	}
}

func (c *Cache[K, V]) drop(e *list.Element) {
	old := c.order.Remove(e).(*cached[K, V])
	delete(c.items, old.key)
	c.cost -= old.cost
}
