package measure

import "strings"

// Lang is a language of the sentence catalogue.
type Lang string

// The languages of Sentence; any other is answered in Chinese.
const (
	Chinese Lang = "zh-CN"
	English Lang = "en"
)

// Sentence says in lang what is wrong and what to do now, with the leads it
// concerns. An unknown code gives an empty text.
func Sentence(code Code, leads []string, lang Lang) string {
	zh, en := sentences(code)
	if lang == English {
		return strings.TrimSpace(strings.ReplaceAll(en, "%", strings.Join(leads, ", ")))
	}
	return strings.ReplaceAll(zh, "%", strings.Join(leads, "、"))
}

// Sentence says what is wrong and what to do now, and whether it showed beside
// another ECG.
func (f Finding) Sentence(lang Lang) string {
	text := Sentence(f.Code, f.Leads, lang)
	switch {
	case !f.Earlier:
		return text
	case lang == English:
		return "Beside another ECG of this patient; one of the two may be wrong: " + text
	}
	return "与该患者另一份心电图对照（两份之一可能有误）：" + text
}

// sentences returns both texts of code; % stands for the leads.
func sentences(code Code) (zh, en string) {
	switch code {
	case LeadOff:
		return "% 导联脱落，请检查电极和导联线后重做。",
			"No signal in %: check electrode and cable, then record again."
	case LeadFlat:
		return "% 导联信号中断，请压紧电极、理顺导联线后重做。",
			"Signal interrupted in %: press the electrode on, free the cable, then record again."
	case Saturated:
		return "% 导联信号超出量程，请重新清洁皮肤、贴好电极，待基线平稳后重做。",
			"% reached the amplifier's limit: clean the skin, reattach the electrode, wait for a steady line and record again."
	case Noise:
		return "% 导联肌电干扰明显，请让患者放松、保暖、停止活动后重做。",
			"Muscle noise in %: let the patient relax, keep warm and lie still, then record again."
	case Wander:
		return "% 导联基线漂移，请让患者平静呼吸，检查电极是否松动或干燥后重做。",
			"Baseline wander in %: ask for calm breathing, check for loose or dry electrodes, then record again."
	case Mains:
		return "% 导联有交流干扰，请检查接地、远离电源设备，必要时拔掉床旁电器后重做。",
			"Mains interference in %: check the earth connection, move away from mains devices, then record again."
	}
	return wholeSentences(code)
}

// wholeSentences are those about the whole recording.
func wholeSentences(code Code) (zh, en string) {
	const again = "核对颜色标记后重做"
	switch code {
	case Short:
		return "记录不足 10 秒，请重新采集完整 10 秒。", "Shorter than 10 s: record a full 10 s again."
	case FewLeads:
		return "不足 12 导联，缺少 %，请接好全部电极后重做。",
			"Fewer than 12 leads, missing %: attach all electrodes and record again."
	case RateTooLow:
		return "采样率低于 250 Hz，无法用于远程诊断，请在心电图机设置中改为 500 Hz 后重做。",
			"Sampled below 250 Hz, too coarse for remote reading: set the cart to 500 Hz and record again."
	case RateLow:
		return "采样率低于 500 Hz，可以判读，建议在心电图机设置中改为 500 Hz。",
			"Sampled below 500 Hz: readable, but set the cart to 500 Hz for the next recording."
	case ReversedLARA:
		return "疑似左右手电极接反，请" + again + "；如确认无误请注明。",
			"Left and right arm electrodes may be exchanged: check the colours and record again, or note that they are right."
	case ReversedRALL:
		return "疑似右手与左脚电极接反，请" + again + "；如确认无误请注明。",
			"Right arm and left leg electrodes may be exchanged: check the colours and record again, or note that they are right."
	case ReversedRARL:
		return "疑似右手与右脚电极接反，请" + again + "；如确认无误请注明。",
			"Right arm and right leg electrodes may be exchanged: check the colours and record again, or note that they are right."
	case ReversedLARL:
		return "疑似左手与右脚电极接反，请" + again + "；如确认无误请注明。",
			"Left arm and right leg electrodes may be exchanged: check the colours and record again, or note that they are right."
	case ReversedLALL:
		return "疑似左手与左脚电极接反，请" + again + "；如确认无误请注明。",
			"Left arm and left leg electrodes may be exchanged: check the colours and record again, or note that they are right."
	case ReversedLimbs:
		return "疑似三个肢体电极依次错位，请" + again + "；如确认无误请注明。",
			"The three limb electrodes may be rotated: check the colours and record again, or note that they are right."
	case ReversedArmsLegs:
		return "疑似双手与双脚电极接反，请" + again + "；如确认无误请注明。",
			"Arm and leg electrodes may be exchanged on both sides: check the colours and record again, or note that they are right."
	case ChestOrder:
		return "疑似胸导联 % 位置接反，请核对胸前电极顺序后重做；如确认无误请注明。",
			"Chest electrodes % may be exchanged: check their order and record again, or note that they are right."
	case WrongGain:
		return "% 导联幅度异常，疑似增益或定标错误，请检查心电图机定标（1 mV = 10 mm）后重做。",
			"Implausible amplitudes in %: check the cart's calibration (1 mV = 10 mm) and record again."
	case WrongSpeed:
		return "波形间期异常，疑似走纸速度或采样率错误，请检查心电图机设置后重做。",
			"Implausible intervals: check the cart's speed and sampling rate, then record again."
	case NoBeats:
		return "未找到心搏波形。请立即查看患者；如患者情况平稳，请检查全部电极后重做。",
			"No heartbeat was found in the tracing. Look at the patient at once; if the patient is well, check all electrodes and record again."
	}
	return "", ""
}
