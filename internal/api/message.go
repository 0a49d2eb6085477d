package api

import (
	"fmt"
	"strings"
)

// messages is what people read by code: zh-CN, then en. Each says what
// happened, what was kept, what to do; {name} stands for a detail of the error.
type messages map[string][2]string

// catalogues are the messages of all files of this package.
var catalogues = []messages{coreMessages, accountMessages, reportMessages, criticalMessages, orderMessages, recognitionMessages, uploadMessages, inboxMessages, adminMessages, dicomwebMessages, searchMessages, upsMessages, traceMarksMessages, longMessages}

var coreMessages = messages{
	"busy":                     {"系统繁忙，请稍后重试。", "The hub is busy; try again shortly."},
	"sealed_meanwhile":         {"系统繁忙，请稍后重试。", "The hub is busy; try again shortly."},
	"starting":                 {"系统正在启动，请稍候。", "The hub is starting; wait a moment."},
	"internal":                 {"服务器内部出错，已记录。请稍后再试；若仍不行，请把编号告诉管理员。", "Something went wrong in the server and was logged. Try again later; if it persists, tell the administrator the reference number."},
	"not_found":                {"没有找到，或不在您的权限范围内。", "Not found, or not within what you may see."},
	codeMethod:                 {"此地址不支持该操作；可用的方法：{allow}。", "This address does not take that method; it takes {allow}."},
	"request.json":             {"请求内容无法读取，请检查后重试。", "The request could not be read; check it and try again."},
	fieldInvalid:               {"“{field}”填写有误：{reason}。请改正后重试。", "{field} is not right: {reason}. Correct it and try again."},
	"session.none":             {"请先登录。", "Log in first."},
	"session.expired":          {"登录已过期，请重新登录；未提交的内容已保存为草稿。", "Your session has ended; log in again. Unsent text is kept as a draft."},
	"session.csrf":             {"页面已过期，请刷新后重试。", "The page is out of date; reload it and try again."},
	"role.not_allowed":         {"您的角色不能执行此操作。", "Your role may not do this."},
	"store.unavailable":        {"存储暂时不可用，内容未保存。请稍后重试，系统会自动恢复。", "Storage is not available right now and nothing was saved. Try again shortly."},
	"task.wrong_state":         {"任务状态已变化，当前操作不可用。请刷新查看最新状态。", "The task has moved on and this is no longer possible. Look at its current state."},
	"task.claimed":             {"该任务已被 {holder_name} 领取，请选择下一例。", "{holder_name} has claimed this task; take the next one."},
	"task.not_holder":          {"您已不再持有该任务，内容未写入。请重新领取后再编辑。", "You no longer hold this task, so nothing was written. Claim it again to edit."},
	"task.not_on_duty":         {"您当前不在班，不能领取该类任务。请联系调度员排班。", "You are not on duty for this kind of task. Ask the dispatcher for a roster entry."},
	"task.cancel_by_other":     {"该任务正在诊断，只能由调度员撤销；诊断开始前由申请单位撤销。", "A task being read is cancelled by the dispatcher; before that, by the clinic."},
	"task.lower_priority":      {"降低优先级须由调度员说明原因。", "Only a dispatcher may lower the priority, with a reason."},
	"task.incomplete":          {"影像尚未传完（{arrived}/{expected}），暂不能签发。可等待传完，或说明原因后放行。", "The study is not complete yet ({arrived} of {expected}). Wait, or waive it with a reason."},
	"submit.no_objects":        {"还没有收到影像或心电数据，请先上传再提交。", "Nothing has arrived yet; upload first."},
	"submit.fields_missing":    {"申请单还缺：{fields}。请补全后提交。", "The order still lacks: {fields}."},
	"submit.identity_mismatch": {"影像中的患者与申请单不一致。请核对；确认无误请填写原因后再提交。", "The patient in the images differs from the order. Check; if it is right, give the reason and submit again."},
	"route.no_agreement":       {"本单位没有生效的远程诊断协议，无法送诊。请联系管理员。", "There is no valid reading agreement for this institution. Ask the administrator."},
	"route.no_next_tier":       {"没有可转交的上级诊断中心：请由管理员登记上级协议。", "There is no next tier to hand this to; the administrator registers an agreement with one."},
	"ecg.unknown_format":       {"无法识别的心电文件格式。支持 SCP-ECG、HL7 aECG、DICOM 等，请从心电图机导出原始数据后重试。", "This ECG file format is not known. Export SCP-ECG, HL7 aECG or DICOM from the cart and try again."},
	"ecg.heic":                 {"这是 iPhone 的 HEIC 照片，无法显示。请以 JPEG 格式发送，或在“设置–相机–格式”中选“兼容性最佳”后重拍。", "This is a HEIC photograph of an iPhone and cannot be shown. Send it as JPEG, or choose “Most Compatible” under Settings, Camera, Formats and take it again."},
	"ecg.unreadable":           {"心电文件无法读取：{reason}。原文件已保留在隔离区，请重新导出或重新采集。", "The ECG file cannot be read: {reason}. It is kept in quarantine; export or record it again."},
	"ecg.empty":                {"文件是空的，请重新导出后上传。", "The file is empty; export it again."},
	"ecg.too_large":            {"文件过大，无法作为心电文件接收。", "The file is too large for an ECG."},
	"ecg.no_waveform":          {"文件中没有可用的心电波形。影像已保存，请检查导出设置。", "The object was stored but holds no ECG waveform; check the export settings."},
	"dicom.unreadable":         {"影像文件不完整或已损坏：{reason}。已保留在隔离区，请从设备重新发送。", "The DICOM object is damaged: {reason}. It is kept in quarantine; send it again from the device."},
	"dicom.identity":           {"影像缺少必要的编号：{reason}。已保留在隔离区，请联系设备厂家。", "The object does not say what it is: {reason}. It is kept in quarantine; ask the device's vendor."},
	"dicom.uid_differs":        {"影像编号与发送时声明的不一致，已保留在隔离区。请从设备重新发送。", "The object's UID differs from the announced one. It is kept in quarantine."},
	"dicom.class_not_stored":   {"该文件不是患者的影像或波形（例如光盘目录 DICOMDIR），未保存。", "This file is no object of a patient, as a DICOMDIR is none. It was not stored."},
	"dicom.syntax_not_stored":  {"该文件的传输语法不能存储，未保存。请从设备以其他格式发送。", "The file is in a transfer syntax that cannot be stored. Send it in another one."},
	"dicom.class_differs":      {"影像类型与发送时声明的不一致，已保留在隔离区。请从设备重新发送。", "The object's class differs from the announced one. It is kept in quarantine."},
	"dicom.other_bytes":        {"同一编号的影像已存在且内容不同；原有影像保持不变，新的已保留在隔离区。", "Another object is stored under this UID; it stays, and this one is kept in quarantine."},
	"dicom.no_meta_too_large":  {"文件没有标准文件头且过大，无法接收。请用标准 DICOM 格式导出。", "The file has no standard header and is too large; export it as standard DICOM."},
	"ws.no_upgrade":            {"此地址仅用于实时连接。", "This address is for websockets."},
}

// sentence is the message of a code in a language, with details filled in.
func sentence(lang, code string, details map[string]any) string {
	m := coreMessages["internal"]
	for _, c := range catalogues {
		if found, ok := c[code]; ok {
			m = found
			break
		}
	}
	switch {
	case details["field"] != nil:
		details = fieldWords(lang, details)
	case details["fields"] != nil:
		details = map[string]any{"fields": fieldList(lang, details["fields"])}
	}
	return fill(words(m).in(lang), details)
}

func plain(v any) string {
	if list, ok := v.([]string); ok {
		return strings.Join(list, ", ")
	}
	return fmt.Sprint(v)
}
