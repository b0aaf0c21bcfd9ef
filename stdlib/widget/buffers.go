package widget

import "fmt"

// Binary values travel beside the JSON of a state: split takes them out of it,
// and each is then known by the path of keys and indices at which it was.

// split gives a copy of a state without binary values, their paths and the
// values. Inside lists they leave null, as JSON has no holes.
func split(state map[string]any) (rest map[string]any, paths []any, buffers [][]byte) {
	paths = []any{} // an empty list on the wire, never null
	v, _ := splitValue(state, nil, &paths, &buffers)
	rest, _ = v.(map[string]any)
	return rest, paths, buffers
}

func splitValue(v any, at []any, paths *[]any, buffers *[][]byte) (rest any, taken bool) {
	here := func(key any) []any { return append(at[:len(at):len(at)], key) }
	switch v := v.(type) {
	case []byte:
		*paths = append(*paths, at)
		*buffers = append(*buffers, v)
		return nil, true
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			if x, taken := splitValue(v[k], here(k), paths, buffers); !taken {
				out[k] = x
			}
		}
		return out, false
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i], _ = splitValue(x, here(i), paths, buffers)
		}
		return out, false
	}
	return v, false
}

// join puts binary values into a state that was split, in place.
func join(state map[string]any, paths []any, buffers [][]byte) error {
	if len(paths) != len(buffers) {
		return fmt.Errorf("widget: %d buffers for %d paths", len(buffers), len(paths))
	}
	for i, p := range paths {
		path, _ := p.([]any)
		if !put(state, path, buffers[i]) {
			return fmt.Errorf("widget: the state has no place %v for a buffer", p)
		}
	}
	return nil
}

func put(in any, path []any, b []byte) bool {
	if len(path) == 0 {
		return false
	}
	last := len(path) == 1
	switch in := in.(type) {
	case map[string]any:
		key, ok := path[0].(string)
		switch {
		case !ok:
			return false
		case last:
			in[key] = b
			return true
		}
		return put(in[key], path[1:], b)
	case []any:
		n, ok := path[0].(float64)
		i := int(n)
		switch {
		case !ok || i < 0 || i >= len(in):
			return false
		case last:
			in[i] = b
			return true
		}
		return put(in[i], path[1:], b)
	}
	return false
}
