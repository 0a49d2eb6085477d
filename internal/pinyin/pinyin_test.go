package pinyin

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestInitialsAreThoseAChineseReaderWouldType(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"王小明": "wxm", "李娜": "ln", "张伟": "zw", "刘洋": "ly", "陈静": "cj", "杨丽": "yl", "黄强": "hq", "赵敏": "zm", "周杰": "zj", "吴秀英": "wxy",
		"徐磊": "xl", "孙悦": "sy", "胡军": "hj", "朱红": "zh", "高翔": "gx", "林涛": "lt", "何平": "hp", "郭鹏": "gp", "马超": "mc", "罗兰": "ll",
		"单雄信": "sxx", "曾国藩": "zgf", "仇英": "qy", "解缙": "xj", "查良镛": "zly", "区志明": "ozm", "朴正熙": "pzx", "覃辉": "qh", "乐嘉": "yj", "翟天临": "ztl",
		"欧阳修": "oyx", "尉迟恭": "ycg", "长孙无忌": "zswj", "万俟卨": "mqx", "澹台灭明": "ttmm", "阿凡提": "aft", "布鲁斯": "bls", "额尔敦": "eed", "肯尼迪": "knd", "日娜": "rn",
		"Wang": "", "": "",
	} {
		if got := Initials(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestCommonSurnamesHaveTheirInitial(t *testing.T) {
	t.Parallel()
	for letter, all := range map[string]string{
		"a": "安艾敖", "b": "白包鲍毕边卞卜薄班柏", "c": "陈程蔡曹崔常车成楚褚岑池丛柴昌晁谌", "d": "邓丁董杜段戴邸窦狄刁", "e": "鄂", "f": "冯范方傅樊费符房丰", "g": "郭高顾龚葛耿管关盖谷桂甘宫苟",
		"h": "黄胡何韩贺侯洪郝霍华胡花", "j": "江姜蒋金贾季纪焦靳景简荆鞠", "k": "孔康柯匡况阚寇", "l": "李刘林梁罗卢陆廖雷龙黎赖兰凌吕鲁柳路骆栾冷娄连练",
		"m": "马毛孟莫梅苗穆麦满闵明缪牟宓", "n": "倪聂宁牛钮农", "o": "欧区", "p": "潘彭庞裴蒲皮平朴", "q": "钱秦邱齐乔祁覃仇屈曲瞿戚强", "r": "任阮饶荣冉芮", "s": "孙宋苏沈石施邵史盛舒司宿单佘",
		"t": "唐田陶谭汤童滕涂佟", "w": "王吴魏汪武万文温韦翁邬乌巫", "x": "徐许谢萧肖夏熊薛向邢辛解冼习席", "y": "杨叶于余袁姚尹严颜易殷游俞阎燕虞喻员乐", "z": "张赵周朱郑曾钟邹庄章詹祝左翟查臧卓宗",
	} {
		for _, r := range all {
			if got := Initials(string(r)); got != letter {
				t.Errorf("%c: %q, want %q", r, got, letter)
			}
		}
	}
}

func TestNameIsFoundByWhatPeopleType(t *testing.T) {
	t.Parallel()
	const name = "Wang^XiaoMing=王^小明"
	key := Key(name)
	for typed, want := range map[string]bool{"wxm": true, "wang": true, "xiaoming wang": true, "WANG^XIAO": true, "wangxiaom": true, "王": true, "小明": true, "王小": true, "明": true, "王xm": true,
		"xm": true, "wx": true, "li": false, "wxx": false, "明小": false, "ang": false, "王伟": false} {
		got := true
		for _, term := range Terms(typed) {
			got = got && strings.Contains(key, " "+term)
		}
		if got != want {
			t.Errorf("%q finds %q: %v, want %v", typed, key, got, want)
		}
	}
	if Key("") != "" || Key("^^=") != "" {
		t.Error("no name has a key")
	}
}

func FuzzKey(f *testing.F) {
	f.Add("Wang^XiaoMing=王^小明")
	f.Add("单于^\xff\xfe=\x00")
	f.Fuzz(func(t *testing.T, name string) {
		k := Key(name)
		if len(k) > maxKey+2 || utf8.ValidString(name) && !utf8.ValidString(k) {
			t.Fatalf("%q", k)
		}
	})
}
