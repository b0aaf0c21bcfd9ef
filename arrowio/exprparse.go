package arrowio

import (
	"math"
	"strconv"
	"strings"
)

// An expr is a node of a parsed expression.
type expr struct {
	op   string // "column", "number", "integer", "text", "bool", "null", an operator, or a function's name
	text string // of columns and texts
	num  float64
	int  int64
	args []*expr
	at   int // byte in the source, for errors
}

// parseExpr parses the language of Filter and WithColumn:
//
//	expr   = or
//	or     = and { ("or" | "||") and }
//	and    = not { ("and" | "&&") not }
//	not    = ("not" | "!") not | cmp
//	cmp    = sum [ ("==" | "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=") sum
//	         | ["not"] "in" "(" expr { "," expr } ")"
//	         | "is" ["not"] "null" ]
//	sum    = term { ("+" | "-") term }
//	term   = unary { ("*" | "/" | "%") unary }
//	unary  = "-" unary | primary
//	primary = number | 'text' | "text" | true | false | null
//	        | column | `any column` | function "(" [ expr { "," expr } ] ")" | "(" expr ")"
func parseExpr(source string) (*expr, error) {
	p := &exprParser{source: source}
	if err := p.scan(); err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.fail(p.tok.at, "%q was not expected here", p.tok.text)
	}
	return e, nil
}

// accept passes over one of the words or operators, and says which.
func (p *exprParser) accept(words ...string) (string, int, error) {
	if p.tok.kind == tokWord || p.tok.kind == tokOp {
		for _, w := range words {
			if strings.EqualFold(p.tok.text, w) {
				at := p.tok.at
				return w, at, p.scan()
			}
		}
	}
	return "", 0, nil
}

// binary parses operands joined by operators of one rank.
func (p *exprParser) binary(operand func() (*expr, error), operators ...string) (*expr, error) {
	left, err := operand()
	for err == nil {
		op, at, scanErr := p.accept(operators...)
		if op == "" || scanErr != nil {
			return left, scanErr
		}
		var right *expr
		if right, err = operand(); err == nil {
			left = &expr{op: canonical(op), args: []*expr{left, right}, at: at}
		}
	}
	return nil, err
}

func canonical(op string) string {
	switch op {
	case "or":
		return "||"
	case "and":
		return "&&"
	case "=":
		return "=="
	case "<>":
		return "!="
	}
	return op
}

func (p *exprParser) or() (*expr, error) {
	if p.depth++; p.depth > 500 {
		return nil, p.fail(p.tok.at, "too deeply nested")
	}
	defer func() { p.depth-- }()
	return p.binary(p.and, "||", "or")
}

func (p *exprParser) and() (*expr, error) { return p.binary(p.not, "&&", "and") }

func (p *exprParser) not() (*expr, error) {
	negations, at := 0, p.tok.at
	for {
		op, _, err := p.accept("not", "!")
		if err != nil {
			return nil, err
		}
		if op == "" {
			break
		}
		negations++
	}
	e, err := p.comparison()
	if err == nil && negations%2 == 1 {
		e = &expr{op: "!", args: []*expr{e}, at: at}
	}
	return e, err
}

func (p *exprParser) comparison() (*expr, error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	op, at, err := p.accept("==", "=", "!=", "<>", "<=", ">=", "<", ">", "is", "in", "not")
	if op == "" || err != nil {
		return left, err
	}
	negate := op == "not"
	switch op {
	case "not":
		if op, _, err = p.accept("in"); op == "" {
			return nil, p.fail(p.tok.at, "\"in\" was expected after \"not\"")
		}
		fallthrough
	case "in":
		if err != nil {
			return nil, err
		}
		args, err := p.list()
		if err != nil {
			return nil, err
		}
		if len(args) == 0 {
			return nil, p.fail(at, "\"in\" of nothing")
		}
		var any *expr
		for _, a := range args {
			eq := &expr{op: "==", args: []*expr{left, a}, at: at}
			if any == nil {
				any = eq
			} else {
				any = &expr{op: "||", args: []*expr{any, eq}, at: at}
			}
		}
		left = any
	case "is":
		not, _, err := p.accept("not")
		if err != nil {
			return nil, err
		}
		null, _, err := p.accept("null")
		if err != nil {
			return nil, err
		}
		if null == "" {
			return nil, p.fail(p.tok.at, "\"null\" was expected after \"is\"")
		}
		negate = not != ""
		left = &expr{op: "is_null", args: []*expr{left}, at: at}
	default:
		right, err := p.sum()
		if err != nil {
			return nil, err
		}
		return &expr{op: canonical(op), args: []*expr{left, right}, at: at}, nil
	}
	if negate {
		left = &expr{op: "!", args: []*expr{left}, at: at}
	}
	return left, nil
}

func (p *exprParser) sum() (*expr, error)  { return p.binary(p.term, "+", "-") }
func (p *exprParser) term() (*expr, error) { return p.binary(p.unary, "*", "/", "%") }

func (p *exprParser) unary() (*expr, error) {
	minuses, at := 0, p.tok.at
	for p.tok.kind == tokOp && p.tok.text == "-" {
		minuses++
		if err := p.scan(); err != nil {
			return nil, err
		}
	}
	least := minuses%2 == 1 && p.tok.kind == tokNumber && p.tok.text == "9223372036854775808"
	e, err := p.primary()
	if least { // the one integer whose opposite is none
		return &expr{op: "integer", int: math.MinInt64, num: math.MinInt64, at: at}, err
	}
	if err == nil && minuses%2 == 1 {
		e = &expr{op: "neg", args: []*expr{e}, at: at}
	}
	return e, err
}

// list parses what stands between parentheses, with commas.
func (p *exprParser) list() ([]*expr, error) {
	if open, _, err := p.accept("("); open == "" || err != nil {
		if err == nil {
			err = p.fail(p.tok.at, "\"(\" was expected")
		}
		return nil, err
	}
	var args []*expr
	for {
		if end, _, err := p.accept(")"); end != "" || err != nil {
			return args, err
		}
		if len(args) > 0 {
			if comma, _, err := p.accept(","); comma == "" || err != nil {
				if err == nil {
					err = p.fail(p.tok.at, "\",\" or \")\" was expected")
				}
				return nil, err
			}
		}
		a, err := p.or()
		if err != nil {
			return nil, err
		}
		args = append(args, a)
	}
}

func (p *exprParser) primary() (*expr, error) {
	tok := p.tok
	e := &expr{text: tok.text, at: tok.at}
	switch {
	case tok.kind == tokOp && tok.text == "(":
		args, err := p.list()
		if err == nil && len(args) != 1 {
			err = p.fail(tok.at, "%d values in parentheses, want one", len(args))
		}
		if err != nil {
			return nil, err
		}
		return args[0], nil
	case tok.kind == tokNumber:
		i, err := strconv.ParseInt(tok.text, 10, 64)
		if e.op, e.int, e.num = "integer", i, float64(i); err != nil {
			if e.num, err = strconv.ParseFloat(tok.text, 64); err != nil {
				return nil, p.fail(tok.at, "%q is not a number", tok.text)
			}
			e.op = "number"
		}
	case tok.kind == tokText:
		e.op = "text"
	case tok.kind == tokColumn:
		e.op = "column"
	case tok.kind == tokWord:
		switch strings.ToLower(tok.text) {
		case "true", "false":
			e.op = "bool"
			if strings.EqualFold(tok.text, "true") {
				e.int = 1
			}
		case "null":
			e.op = "null"
		default:
			if err := p.scan(); err != nil {
				return nil, err
			}
			if p.tok.kind != tokOp || p.tok.text != "(" {
				e.op = "column"
				return e, nil
			}
			e.op = strings.ToLower(tok.text)
			var err error
			e.args, err = p.list()
			return e, err
		}
	case tok.kind == tokEnd:
		return nil, p.fail(tok.at, "a value was expected, and the expression ends")
	default:
		return nil, p.fail(tok.at, "a value was expected, not %q", tok.text)
	}
	return e, p.scan()
}
