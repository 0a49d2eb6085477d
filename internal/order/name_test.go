package order

import "testing"

func TestNameInLettersMayBeTheNameInCharacters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"张三", "张三", true}, {"", "张三", true}, {"张三", "李四", false},
		{"Zhang San", "张三", true}, {"张三", "ZHANGSAN", true}, {"San Zhang", "张三", true}, {"WANG XIAOMING", "王小明", true},
		{"Li Si", "张三", false}, {"张三", "LISI", false}, {"Zhang San", "Li Si", false}, {"?? 123", "张三", false},
	} {
		if got := mayBe(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}
