package program

import (
	"fmt"
	"io"
	"strings"
)

// String writes the Program as text, one operation a line: results, name,
// operands, attributes, types.
func (p *Program) String() string {
	var b strings.Builder
	p.WriteText(&b) // a strings.Builder never fails
	return b.String()
}

// WriteText writes the Program's text to w.
func (p *Program) WriteText(w io.Writer) error {
	var err error
	line := func(format string, a ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format, a...)
		}
	}
	line("program %q", p.Name)
	if p.Ranks > 1 {
		line(" over %d ranks", p.Ranks)
	}
	line(" {\n")
	for _, op := range p.Ops {
		line("  %s\n", op)
	}
	for _, a := range p.Assigns {
		line("  assign %s = %%%d\n", a.State.Op.Attr.Name, a.To.ID)
	}
	for _, o := range p.Outputs {
		line("  output %s = %%%d\n", o.Name, o.Value.ID)
	}
	line("}\n")
	return err
}

// String writes one operation, for example
//
//	%9 = matmul(%3, %4) {trans_b} : f32[64,32]
func (op *Op) String() string {
	var b strings.Builder
	for i, v := range op.Out {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%%%d", v.ID)
	}
	fmt.Fprintf(&b, " = %s(", op.Kind)
	for i, v := range op.In {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%%%d", v.ID)
	}
	b.WriteString(")")
	if a := op.attributes(); len(a) > 0 {
		fmt.Fprintf(&b, " {%s}", strings.Join(a, ", "))
	}
	b.WriteString(" : ")
	for i, v := range op.Out {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(TypeString(v.Type, v.Shape))
	}
	return b.String()
}

// attributes lists those attributes that the operation reads.
func (op *Op) attributes() []string {
	a := op.Attr
	f := fmt.Sprintf
	var s []string
	switch op.Kind {
	case Input:
		s = append(s, f("%s %q", a.Role, a.Name))
		if a.Split {
			s = append(s, "split")
		}
	case Const:
		s = append(s, f("%g", a.Value))
	case Literal:
		const shown = 8
		if len(a.Data) > shown {
			s = append(s, f("%g and %d more", a.Data[:shown], len(a.Data)-shown))
		} else {
			s = append(s, f("%g", a.Data))
		}
	case Barrier:
		s = append(s, f("segment=%d", a.Segment))
	case Slice, Pad:
		s = append(s, f("axis=%d", a.Axis), f("lo=%d", a.Lo), f("hi=%d", a.Hi))
	case ReduceMax, LogSumExp:
		s = append(s, f("axis=%d", a.Axis))
	case MatMul:
		if a.TransA {
			s = append(s, "trans_a")
		}
		if a.TransB {
			s = append(s, "trans_b")
		}
	case LayerNorm, RMSNorm:
		s = append(s, f("eps=%g", a.Eps))
	case Rotary:
		s = append(s, f("heads=%d", a.Heads), f("head_dim=%d", a.HeadDim), f("rotary=%d", a.Rotary), f("base=%g", a.Base))
		if a.Inverse {
			s = append(s, "inverse")
		}
	case Attention, AttentionGrad:
		s = append(s, f("rows=%d", a.Rows), f("heads=%d", a.Heads), f("kv_heads=%d", a.KVHeads),
			f("head_dim=%d", a.HeadDim), f("scale=%g", a.Scale))
		if a.Causal {
			s = append(s, "causal")
		}
	case AdamW, AdamW8:
		s = append(s, f("beta1=%g", a.Beta1), f("beta2=%g", a.Beta2), f("eps=%g", a.Eps), f("decay=%g", a.Decay))
	case Sample:
		s = append(s, f("temperature=%g", a.Temperature), f("top_k=%d", a.TopK), f("top_p=%g", a.TopP))
	case UpdateRows:
		s = append(s, f("rows=%d", a.Rows))
	}
	return s
}
