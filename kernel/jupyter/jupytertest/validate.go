package jupytertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"divvy/kernel/jupyter"
)

// Validate checks a message that a kernel sent against the specification: its
// header, its parent, and its content by the validator of its type. A type
// without a validator is an error, and so is a field that no validator knows.
func Validate(m *jupyter.Message) error {
	errs := []error{validateHeader(m.Header)}
	h := m.Header
	var content map[string]any
	if err := json.Unmarshal(m.Content, &content); err != nil {
		return fmt.Errorf("%s: content: %w", h.Type, err)
	}
	orphan := h.Type == "iopub_welcome" || h.Type == "status" && content["execution_state"] == "starting"
	switch {
	case orphan && string(m.RawParent) != "{}":
		errs = append(errs, errors.New("has a parent"))
	case !orphan && m.Parent.ID == "":
		errs = append(errs, errors.New("has no parent"))
	}
	check, ok := validators[h.Type]
	if !ok {
		errs = append(errs, errors.New("no validator for this type"))
	} else {
		errs = append(errs, check(content))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w in %s", h.Type, err, m.Content)
	}
	return nil
}

func validateHeader(h jupyter.Header) error {
	var errs []error
	for name, v := range map[string]string{"msg_id": h.ID, "session": h.Session, "username": h.Username, "msg_type": h.Type} {
		if v == "" {
			errs = append(errs, fmt.Errorf("header without %s", name))
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, h.Date); err != nil {
		errs = append(errs, fmt.Errorf("header: %w", err))
	}
	if h.Version != "5.5" {
		errs = append(errs, fmt.Errorf("header's version is %q", h.Version))
	}
	return errors.Join(errs...)
}

// check checks a JSON value.
type check func(any) error

// validators are the validators of contents by message type. A field whose name
// ends in ? may be absent.
var validators = map[string]check{
	// shell
	"execute_reply": reply(fields{
		"execution_count": count, "payload": list(payload), "user_expressions": mapOf(expression),
	}),
	"complete_reply": reply(fields{
		"matches": list(str), "cursor_start": count, "cursor_end": count, "metadata": completionMetadata,
	}),
	"inspect_reply": reply(fields{"found": boolean, "data": bundle, "metadata": mapOf(anything)}),
	"is_complete_reply": either("status", map[string]check{
		"complete": object(fields{"status": str}), "invalid": object(fields{"status": str}),
		"unknown": object(fields{"status": str}), "incomplete": object(fields{"status": str, "indent": str}),
	}),
	"history_reply":   reply(fields{"history": list(historyRow)}),
	"comm_info_reply": reply(fields{"comms": mapOf(object(fields{"target_name": str}))}),
	"connect_reply": reply(fields{
		"shell_port": count, "iopub_port": count, "stdin_port": count, "control_port": count, "hb_port": count,
	}),
	"kernel_info_reply": reply(fields{
		"protocol_version": matching(`^5\.5$`), "implementation": nonEmpty, "implementation_version": nonEmpty,
		"language_info": object(fields{
			"name": nonEmpty, "version": str, "mimetype": matching("^[^/]+/[^/]+$"), "file_extension": matching(`^\.`),
			"pygments_lexer?": str, "codemirror_mode?": anything, "nbconvert_exporter?": str,
		}),
		"banner": str, "debugger": boolean, "supported_features": list(nonEmpty),
		"help_links": list(object(fields{"text": nonEmpty, "url": nonEmpty})),
	}),
	// control
	"shutdown_reply":        reply(fields{"restart": boolean}),
	"interrupt_reply":       reply(fields{}),
	"create_subshell_reply": reply(fields{"subshell_id": nonEmpty}),
	"delete_subshell_reply": reply(fields{}),
	"list_subshell_reply":   reply(fields{"subshell_id": list(nonEmpty)}),
	"debug_reply":           debugReply,
	// iopub
	"iopub_welcome":       object(fields{"subscription": str}),
	"status":              object(fields{"execution_state": oneOf("busy", "idle", "starting")}),
	"stream":              object(fields{"name": oneOf("stdout", "stderr"), "text": nonEmpty}),
	"display_data":        object(fields{"data": bundle, "metadata": mapOf(anything), "transient": transient}),
	"update_display_data": object(fields{"data": bundle, "metadata": mapOf(anything), "transient": named}),
	"execute_result":      object(fields{"execution_count": count, "data": bundle, "metadata": mapOf(anything), "transient": transient}),
	"execute_input":       object(fields{"code": str, "execution_count": count}),
	"error":               object(failure),
	"clear_output":        object(fields{"wait": boolean}),
	"comm_open":           object(fields{"comm_id": nonEmpty, "target_name": nonEmpty, "data": mapOf(anything)}),
	"comm_msg":            object(fields{"comm_id": nonEmpty, "data": mapOf(anything)}),
	"comm_close":          object(fields{"comm_id": nonEmpty, "data": mapOf(anything)}),
	"debug_event":         debugEvent,
	// stdin
	"input_request": object(fields{"prompt": str, "password": boolean}),
}

// fields are the fields of an object. A name that ends in ? is optional.
type fields map[string]check

var failure = fields{"ename": nonEmpty, "evalue": str, "traceback": list(str)}

// reply is the content of a reply: a status, and with "ok" the fields. Only
// execute_reply may be "aborted", and it has its count whatever the status.
func reply(okay fields) check {
	withStatus := func(f fields) check {
		f = maps.Clone(f)
		f["status"] = str
		if okay["execution_count"] != nil {
			f["execution_count"] = count
		}
		return object(f)
	}
	by := map[string]check{"ok": withStatus(okay), "error": withStatus(failure)}
	if okay["execution_count"] != nil {
		by["aborted"] = withStatus(fields{})
	}
	return either("status", by)
}

func object(f fields) check {
	return func(v any) error {
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%v is not an object", v)
		}
		var errs []error
		for name, c := range f {
			key, optional := strings.CutSuffix(name, "?")
			value, there := m[key]
			switch {
			case there:
				if err := c(value); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", key, err))
				}
			case !optional:
				errs = append(errs, fmt.Errorf("no %s", key))
			}
		}
		for key := range m {
			if f[key] == nil && f[key+"?"] == nil {
				errs = append(errs, fmt.Errorf("unknown field %s", key))
			}
		}
		return errors.Join(errs...)
	}
}

func either(field string, by map[string]check) check {
	return func(v any) error {
		m, _ := v.(map[string]any)
		value, _ := m[field].(string)
		c, ok := by[value]
		if !ok {
			return fmt.Errorf("%s is %v", field, m[field])
		}
		return c(v)
	}
}

func list(c check) check {
	return func(v any) error {
		l, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%v is not a list", v)
		}
		for i, x := range l {
			if err := c(x); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return nil
	}
}

func mapOf(c check) check {
	return func(v any) error {
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%v is not an object", v)
		}
		for k, x := range m {
			if err := c(x); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
		return nil
	}
}

func oneOf(values ...string) check {
	return func(v any) error {
		if s, ok := v.(string); !ok || !slices.Contains(values, s) {
			return fmt.Errorf("%v is none of %q", v, values)
		}
		return nil
	}
}

func matching(pattern string) check {
	re := regexp.MustCompile(pattern)
	return func(v any) error {
		if s, ok := v.(string); !ok || !re.MatchString(s) {
			return fmt.Errorf("%v does not match %s", v, pattern)
		}
		return nil
	}
}

func anything(any) error { return nil }

func str(v any) error {
	if _, ok := v.(string); !ok {
		return fmt.Errorf("%v is not a string", v)
	}
	return nil
}

func nonEmpty(v any) error {
	if s, ok := v.(string); !ok || s == "" {
		return fmt.Errorf("%v is not a string with something in it", v)
	}
	return nil
}

func boolean(v any) error {
	if _, ok := v.(bool); !ok {
		return fmt.Errorf("%v is not a boolean", v)
	}
	return nil
}

func count(v any) error {
	if n, ok := v.(float64); !ok || n < 0 || n != float64(int(n)) {
		return fmt.Errorf("%v is not a count", v)
	}
	return nil
}

var mimeType = regexp.MustCompile(`^[\w.+-]+/[\w.+-]+$`)

// bundle checks a MIME bundle's data.
func bundle(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%v is not an object", v)
	}
	for k, x := range m {
		if !mimeType.MatchString(k) {
			return fmt.Errorf("%q is not a MIME type", k)
		}
		if _, text := x.(string); !text && !strings.HasSuffix(k, "json") {
			return fmt.Errorf("%s is not a string", k)
		}
	}
	return nil
}

var (
	transient = object(fields{"display_id?": nonEmpty})
	named     = object(fields{"display_id": nonEmpty})
	payload   = either("source", map[string]check{
		"page":     object(fields{"source": str, "data": bundle, "start": count}),
		"ask_exit": object(fields{"source": str, "keepkernel": boolean}),
	})

	expression = either("status", map[string]check{
		"ok":    object(fields{"status": str, "data": bundle, "metadata": mapOf(anything)}),
		"error": object(fields{"status": str, "ename": nonEmpty, "evalue": str, "traceback": list(str)}),
	})
	completionMetadata = object(fields{"_jupyter_types_experimental": list(object(fields{
		"text": str, "type": nonEmpty, "signature": str, "start": count, "end": count,
	}))})
)

// historyRow is (session, line, input) or (session, line, (input, output)).
func historyRow(v any) error {
	row, ok := v.([]any)
	if !ok || len(row) != 3 {
		return fmt.Errorf("%v is not a row of three", v)
	}
	if err := errors.Join(count(row[0]), count(row[1])); err != nil {
		return err
	}
	if both, ok := row[2].([]any); ok {
		if len(both) != 2 {
			return fmt.Errorf("%v is not an input and an output", both)
		}
		if both[1] != nil {
			return errors.Join(str(both[0]), str(both[1]))
		}
		return str(both[0])
	}
	return str(row[2])
}
