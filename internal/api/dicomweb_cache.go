package api

import (
	"container/list"
	"sync"
)

// cache keeps what was used last, up to a total cost.
type cache[K comparable, V any] struct {
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

func newCache[K comparable, V any](most int64) *cache[K, V] {
	return &cache[K, V]{most: most, order: list.New(), items: map[K]*list.Element{}}
}

func (c *cache[K, V]) get(key K) (V, bool) {
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

// put keeps a value; one that costs more than a quarter of all is not kept.
func (c *cache[K, V]) put(key K, value V, cost int64) {
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

func (c *cache[K, V]) drop(e *list.Element) {
	old := c.order.Remove(e).(*cached[K, V])
	delete(c.items, old.key)
	c.cost -= old.cost
}
