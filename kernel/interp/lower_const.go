package interp

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// constant writes a constant value of type t as a literal, or returns nil.
func (l *lowerer) constant(v constant.Value, t types.Type, p token.Pos) ast.Expr {
	t = l.st(t)
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return nil
	}
	// own converts the literal unless its own type is t's representation.
	own := func(e ast.Expr, kinds ...types.BasicKind) ast.Expr {
		if _, named := types.Unalias(t).(*types.Named); !named || cellNamed(t) != nil {
			for _, k := range kinds {
				if b.Kind() == k {
					return e
				}
			}
		}
		return call(l.typAt(t, p), e)
	}
	switch info := b.Info(); {
	case info&types.IsBoolean != 0:
		return own(idAt(strconv.FormatBool(constant.BoolVal(v)), p), types.Bool, types.UntypedBool)
	case info&types.IsString != 0:
		return own(&ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(constant.StringVal(v)), ValuePos: p}, types.String, types.UntypedString)
	case info&types.IsInteger != 0:
		iv := constant.ToInt(v)
		if iv.Kind() != constant.Int {
			return nil
		}
		return own(number(token.INT, iv.ExactString(), p), types.Int, types.UntypedInt)
	case info&types.IsFloat != 0:
		return own(float(constant.ToFloat(v), b.Kind() == types.Float32, p), types.Float64, types.UntypedFloat)
	case info&types.IsComplex != 0:
		c, half := constant.ToComplex(v), b.Kind() == types.Complex64
		return own(call(idAt("complex", p), float(constant.Real(c), half, p), float(constant.Imag(c), half, p)), types.Complex128, types.UntypedComplex)
	}
	return nil
}

// float writes a floating-point constant, rounded once.
func float(v constant.Value, single bool, p token.Pos) ast.Expr {
	f, _ := constant.Float64Val(v)
	if single {
		g, _ := constant.Float32Val(v)
		f = float64(g)
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return number(token.FLOAT, s, p)
}

// number writes a numeric literal with its sign.
func number(kind token.Token, s string, p token.Pos) ast.Expr {
	e := &ast.BasicLit{Kind: kind, Value: strings.TrimPrefix(s, "-"), ValuePos: p}
	if strings.HasPrefix(s, "-") {
		return &ast.UnaryExpr{OpPos: p, Op: token.SUB, X: e}
	}
	return e
}
