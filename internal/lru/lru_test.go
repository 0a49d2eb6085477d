package lru

import "testing"

func TestLeastUsedGoesFirst(t *testing.T) {
	t.Parallel()
	c := New[string, int](8)
	for i, key := range []string{"a", "b", "c", "d"} {
		c.Put(key, i, 2)
	}
	if _, ok := c.Get("a"); !ok {
		t.Fatal("a is gone though there is room")
	}
	c.Put("e", 4, 2)
	if _, ok := c.Get("b"); ok {
		t.Error("b was used least and stays")
	}
	if v, ok := c.Get("a"); !ok || v != 0 {
		t.Error("a was used and is gone")
	}
	c.Put("big", 9, 3) // more than a quarter of all
	if _, ok := c.Get("big"); ok {
		t.Error("one value pushed out the others")
	}
	c.Put("a", 7, 1)
	if v, _ := c.Get("a"); v != 7 {
		t.Errorf("a is %d", v)
	}
}
