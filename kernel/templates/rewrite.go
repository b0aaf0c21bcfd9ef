package templates

import (
	"strconv"
	"strings"
	"text/template/parse"
)

// The functions that rewritten pipelines call.
const (
	prefix = "cell__"
	field  = prefix + "field" // a field, method or key of a value
	number = prefix + "number"
	text   = prefix + "text"
	truth  = prefix + "bool"
	null   = prefix + "nil"
	cond   = prefix + "cond"  // a value of which the truth is asked
	each   = prefix + "each"  // a value to range over
	show   = prefix + "show"  // a value to print
	plain  = prefix + "plain" // an argument of a function
	basic  = prefix + "basic" // an operand of a comparison
	length = prefix + "len"
	index  = prefix + "index"
	slice  = prefix + "slice"
	call   = prefix + "call"
	spaced = prefix + "print"
)

// escapers are the functions that html/template wants to see at the end of a
// pipeline.
var escapers = map[string]bool{"html": true, "js": true, "urlquery": true}

func escapes(c *parse.CommandNode) bool {
	f, ok := c.Args[0].(*parse.IdentifierNode)
	return ok && escapers[f.Ident]
}

// rewriter rewrites the pipelines of templates.
type rewriter struct {
	funcs   map[string]bool // the template's own; whether they take values of cells
	missing int
	// What was rewritten, by what it became, and the first word of what a whole
	// command was, if asked for.
	was, heads map[string]string
}

func (r *rewriter) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			keep := r.keep(n.Pipe)
			if r.pipe(n.Pipe); len(n.Pipe.Decl) == 0 && !escapes(n.Pipe.Cmds[0]) {
				n.Pipe.Cmds[0] = command(n.Pos, show, nested(n.Pipe.Cmds[0]))
			}
			keep()
		case *parse.IfNode:
			r.branch(&n.BranchNode, cond)
		case *parse.WithNode:
			r.branch(&n.BranchNode, cond)
		case *parse.RangeNode:
			r.branch(&n.BranchNode, each, &parse.NumberNode{NodeType: parse.NodeNumber, Pos: n.Pos, IsInt: true,
				Int64: int64(len(n.Pipe.Decl)), Text: strconv.Itoa(len(n.Pipe.Decl))})
		case *parse.TemplateNode:
			r.pipe(n.Pipe)
		case *parse.ListNode:
			r.list(n)
		}
	}
}

func (r *rewriter) branch(b *parse.BranchNode, fn string, args ...parse.Node) {
	keep := r.keep(b.Pipe)
	r.pipe(b.Pipe)
	b.Pipe.Cmds = []*parse.CommandNode{command(b.Pos, fn, append(args, pipeline(b.Pipe.Cmds))...)}
	keep()
	r.list(b.List)
	r.list(b.ElseList)
}

// keep remembers how n is written, once what the result does is called.
func (r *rewriter) keep(n parse.Node) (done func()) {
	if r.was == nil || n == nil {
		return func() {}
	}
	before := n.String()
	return func() {
		if after := n.String(); after != before {
			r.was[after] = before
		}
	}
}

// pipe makes one command of the commands of a pipeline, but for escapers at the
// end: a | f x becomes f x (a).
func (r *rewriter) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	keep := r.keep(p)
	n := len(p.Cmds)
	for n > 1 && len(p.Cmds[n-1].Args) == 1 && escapes(p.Cmds[n-1]) {
		n--
	}
	var last *parse.CommandNode
	for _, c := range p.Cmds[:n] {
		last = r.command(c, last)
	}
	if n < len(p.Cmds) {
		last = command(p.Pos, show, nested(last))
	}
	p.Cmds = append([]*parse.CommandNode{last}, p.Cmds[n:]...)
	keep()
}

// command rewrites c, whose last argument is the value of the command before it,
// if there is one.
func (r *rewriter) command(c, before *parse.CommandNode) *parse.CommandNode {
	was, head := "", ""
	if r.was != nil {
		was, head = c.String(), c.Args[0].String()
	}
	out := r.rewritten(c, before)
	if r.was != nil {
		r.was[out.String()] = was
		if _, ok := c.Args[0].(*parse.IdentifierNode); !ok {
			r.heads[out.String()] = head
		}
	}
	return out
}

func (r *rewriter) rewritten(c, before *parse.CommandNode) *parse.CommandNode {
	var args []parse.Node
	more := func(f func(parse.Node) parse.Node, last string) []parse.Node {
		for _, a := range c.Args[1:] {
			args = append(args, f(a))
		}
		if before != nil {
			args = append(args, called(last, nested(before)))
		}
		return args
	}
	switch h := c.Args[0].(type) {
	case *parse.FieldNode:
		return r.chain(&parse.DotNode{NodeType: parse.NodeDot, Pos: h.Pos}, h.Ident, h.Pos, more(r.argument, ""))
	case *parse.ChainNode:
		// A copy of a chain shares its node with the chain.
		return r.chain(r.value(h.Node.Copy()), h.Field, h.Pos, more(r.argument, ""))
	case *parse.VariableNode:
		if len(h.Ident) > 1 {
			v := &parse.VariableNode{NodeType: parse.NodeVariable, Pos: h.Pos, Ident: h.Ident[:1]}
			return r.chain(v, h.Ident[1:], h.Pos, more(r.argument, ""))
		}
	case *parse.IdentifierNode:
		name, with := r.function(h.Ident)
		args := more(func(n parse.Node) parse.Node {
			if r.funcs[h.Ident] {
				return r.argument(n)
			}
			return r.with(with, n)
		}, with)
		if name == call && len(args) > 0 {
			callee := args[0]
			if len(c.Args) > 1 {
				callee = c.Args[1]
			}
			args = append([]parse.Node{stringNode(h.Pos, callee.String())}, args...)
		}
		out := command(h.Pos, name, args...)
		out.Pos = c.Pos
		return out
	case *parse.PipeNode:
		r.pipe(h)
	}
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: c.Pos, Args: append([]parse.Node{c.Args[0]}, more(r.value, "")...)}
}

// function says what is called in the place of a function, and what on its
// arguments.
func (r *rewriter) function(name string) (called, with string) {
	if _, ok := r.funcs[name]; ok {
		return name, plain
	}
	switch name {
	case "and", "or", "not":
		return name, cond
	case "eq", "ne", "lt", "le", "gt", "ge":
		return name, basic
	case "html", "js", "urlquery":
		return name, show
	case "len", "index", "slice", "call", "print":
		return prefix + name, ""
	}
	return name, plain
}

// with is fn called on an argument; constants stay as they are.
func (r *rewriter) with(fn string, n parse.Node) parse.Node {
	switch n.(type) {
	case *parse.NumberNode, *parse.StringNode, *parse.BoolNode, *parse.NilNode:
		return n
	}
	return called(fn, r.value(n))
}

func called(fn string, n parse.Node) parse.Node {
	if fn == "" {
		return n
	}
	return nested(command(n.Position(), fn, n))
}

// chain selects names one after the other; the last may have arguments.
func (r *rewriter) chain(from parse.Node, names []string, pos parse.Pos, args []parse.Node) *parse.CommandNode {
	mode := &parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(r.missing), Text: strconv.Itoa(r.missing)}
	c := command(pos, field, mode, from, stringNode(pos, strings.Join(names, ".")))
	c.Args = append(c.Args, args...)
	return c
}

func stringNode(pos parse.Pos, s string) parse.Node {
	return &parse.StringNode{NodeType: parse.NodeString, Pos: pos, Quoted: strconv.Quote(s), Text: s}
}

// value rewrites an argument.
func (r *rewriter) value(n parse.Node) parse.Node {
	switch n := n.(type) {
	case *parse.PipeNode:
		r.pipe(n)
	case *parse.FieldNode, *parse.ChainNode, *parse.VariableNode, *parse.IdentifierNode:
		if v, ok := n.(*parse.VariableNode); ok && len(v.Ident) == 1 {
			return n
		}
		return nested(r.command(&parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Position(), Args: []parse.Node{n}}, nil))
	}
	return n
}

// argument is value for the argument of a method, whose type says what a constant is.
func (r *rewriter) argument(n parse.Node) parse.Node {
	constant := func(fn, s string) parse.Node {
		return nested(command(n.Position(), fn, stringNode(n.Position(), s)))
	}
	switch n := n.(type) {
	case *parse.NumberNode:
		return constant(number, n.Text)
	case *parse.StringNode:
		return constant(text, n.Text)
	case *parse.BoolNode:
		return constant(truth, n.String())
	case *parse.NilNode:
		return constant(null, "nil")
	}
	return r.value(n)
}

func command(pos parse.Pos, fn string, args ...parse.Node) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: append([]parse.Node{parse.NewIdentifier(fn).SetPos(pos)}, args...)}
}

func pipeline(cs []*parse.CommandNode) *parse.PipeNode {
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: cs[0].Pos, Cmds: cs}
}

func nested(c *parse.CommandNode) *parse.PipeNode { return pipeline([]*parse.CommandNode{c}) }
