package notebook

import (
	"errors"
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A page without scripts has no MathJax, but browsers set MathML by themselves.
// No library of Go translates the TeX of notebooks (the parser that gonum/plot
// brings along knows neither | nor \text), so here is the part of it that short
// formulas use. What lies outside stays TeX.

// errNotTeX is why a formula stays as it is.
var errNotTeX = errors.New("not in the part of TeX that is translated")

// mathML translates TeX between dollars.
func mathML(tex string) (template.HTML, error) {
	strange := func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
	}
	if strings.ContainsFunc(tex, strange) {
		return "", errNotTeX
	}
	display := ""
	body := strings.TrimSuffix(strings.TrimPrefix(tex, "$"), "$")
	if strings.HasPrefix(body, "$") {
		display = ` display="block"`
		body = strings.TrimSuffix(strings.TrimPrefix(body, "$"), "$")
	}
	p := &texParser{rest: body}
	row, err := p.row("")
	if err != nil {
		return "", err
	}
	return template.HTML(`<math` + display + ` title="` + template.HTMLEscapeString(tex) + `">` + row + `</math>`), nil
}

// texParser reads TeX from left to right; depth bounds the nesting.
type texParser struct {
	rest  string
	depth int
}

// row reads up to the text end, or to the end of all where it is empty.
func (p *texParser) row(end string) (string, error) {
	if p.depth++; p.depth > 50 {
		return "", errNotTeX
	}
	defer func() { p.depth-- }()
	var items []string
	for {
		p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
		if end != "" && strings.HasPrefix(p.rest, end) {
			p.rest = p.rest[len(end):]
			return "<mrow>" + strings.Join(items, "") + "</mrow>", nil
		}
		if p.rest == "" {
			if end != "" {
				return "", errNotTeX
			}
			return "<mrow>" + strings.Join(items, "") + "</mrow>", nil
		}
		item, err := p.scripted()
		if err != nil {
			return "", err
		}
		items = append(items, item)
	}
}

// scripted reads an item with what stands below and above it.
func (p *texParser) scripted() (string, error) {
	base, err := p.item()
	if err != nil {
		return "", err
	}
	large := strings.HasPrefix(base, largeOperator)
	var below, above string
	for {
		p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
		slot := &below
		switch {
		case strings.HasPrefix(p.rest, "^"):
			slot = &above
		case !strings.HasPrefix(p.rest, "_"):
			return scripts(base, below, above, large), nil
		}
		if *slot != "" {
			return "", errNotTeX
		}
		p.rest = strings.TrimLeftFunc(p.rest[1:], unicode.IsSpace)
		if *slot, err = p.item(); err != nil {
			return "", err
		}
	}
}

func scripts(base, below, above string, large bool) string {
	sub, sup, both := "msub", "msup", "msubsup"
	if large {
		sub, sup, both = "munder", "mover", "munderover"
	}
	switch {
	case below != "" && above != "":
		return element(both, base+below+above)
	case below != "":
		return element(sub, base+below)
	case above != "":
		return element(sup, base+above)
	}
	return base
}

func element(name, inside string) string { return "<" + name + ">" + inside + "</" + name + ">" }

const largeOperator = `<mo largeop="true"`

// item reads one thing: a group, a command with its arguments, a number, a
// letter or a sign.
func (p *texParser) item() (string, error) {
	r, size := utf8.DecodeRuneInString(p.rest)
	switch {
	case r == '{':
		p.rest = p.rest[1:]
		return p.row("}")
	case r == '\\':
		return p.command()
	case r >= '0' && r <= '9':
		end := strings.IndexFunc(p.rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end < 0 {
			end = len(p.rest)
		}
		number := strings.TrimRight(p.rest[:end], ".")
		p.rest = p.rest[len(number):]
		return element("mn", number), nil
	case unicode.IsLetter(r):
		p.rest = p.rest[size:]
		return element("mi", string(r)), nil
	case strings.ContainsRune("+-=<>()[]|/,.:;!*'", r):
		p.rest = p.rest[size:]
		return sign(string(r)), nil
	}
	return "", errNotTeX // among them the end, }, ^, _, & and %
}

// sign is an operator; a bar stands close, whether it opens or closes.
func sign(s string) string {
	switch s {
	case "|":
		return `<mo stretchy="false" lspace="0" rspace="0">|</mo>`
	case "-":
		s = "−"
	}
	return `<mo stretchy="false">` + template.HTMLEscapeString(s) + "</mo>"
}

func (p *texParser) command() (string, error) {
	name := p.rest[1:]
	if end := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }); end > 0 {
		name = name[:end]
	} else if end == 0 {
		_, size := utf8.DecodeRuneInString(name)
		name = name[:size]
	}
	p.rest = p.rest[1+len(name):]
	if space, ok := texSpaces[name]; ok {
		return `<mspace width="` + space + `"></mspace>`, nil
	}
	if s, ok := texLetters[name]; ok {
		return element("mi", s), nil
	}
	if s, ok := texSigns[name]; ok {
		return sign(s), nil
	}
	if s, ok := texLarge[name]; ok {
		return largeOperator + ">" + s + "</mo>", nil
	}
	if strings.Contains(texFunctions, " "+name+" ") {
		return element("mi", name) + "<mo>&#x2061;</mo>", nil // function application, which spaces it
	}
	switch name {
	case "frac", "tfrac", "dfrac":
		over, err := p.argument()
		if err != nil {
			return "", err
		}
		under, err := p.argument()
		return element("mfrac", over+under), err
	case "sqrt":
		inside, err := p.argument()
		return element("msqrt", inside), err
	case "text", "mathrm", "operatorname", "textrm":
		text, ok := p.verbatim()
		if !ok {
			return "", errNotTeX
		}
		return element("mtext", template.HTMLEscapeString(text)), nil
	case "mathcal", "mathbf", "mathbb", "mathit":
		return p.argument() // in the letters of the rest
	case "left", "right", "big", "Big", "bigl", "bigr":
		p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
		if strings.HasPrefix(p.rest, ".") {
			p.rest = p.rest[1:]
			return "", nil
		}
		return p.item()
	}
	return "", errNotTeX
}

// argument reads what follows a command: a group, or one digit or letter.
func (p *texParser) argument() (string, error) {
	p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
	if r, _ := utf8.DecodeRuneInString(p.rest); r >= '0' && r <= '9' {
		p.rest = p.rest[1:]
		return element("mn", string(r)), nil
	}
	return p.item()
}

// verbatim reads a group whose text is meant as it stands.
func (p *texParser) verbatim() (string, bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeftFunc(p.rest, unicode.IsSpace), "{")
	if !ok {
		return "", false
	}
	text, after, ok := strings.Cut(rest, "}")
	if !ok || strings.ContainsAny(text, `\{$`) {
		return "", false
	}
	p.rest = after
	return text, true
}

// These are never written to.
var (
	texSpaces  = map[string]string{",": "0.17em", ":": "0.22em", ";": "0.28em", "!": "-0.17em", " ": "0.25em", "quad": "1em", "qquad": "2em"}
	texLetters = map[string]string{
		"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
		"theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
		"sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
		"Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ",
		"Psi": "Ψ", "Omega": "Ω", "ell": "ℓ", "infty": "∞", "partial": "∂", "nabla": "∇", "emptyset": "∅", "hbar": "ℏ",
	}
	texSigns = map[string]string{
		"cdot": "·", "times": "×", "div": "÷", "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
		"ne": "≠", "neq": "≠", "approx": "≈", "sim": "∼", "equiv": "≡", "propto": "∝", "ll": "≪", "gg": "≫",
		"in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩", "setminus": "∖",
		"to": "→", "rightarrow": "→", "leftarrow": "←", "mapsto": "↦", "Rightarrow": "⇒", "Leftrightarrow": "⇔",
		"forall": "∀", "exists": "∃", "land": "∧", "lor": "∨", "neg": "¬", "succ": "≻", "prec": "≺", "mid": "|", "vert": "|",
		"lvert": "|", "rvert": "|", "Vert": "‖", "ldots": "…", "cdots": "⋯", "dots": "…", "langle": "⟨", "rangle": "⟩",
		"lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "{": "{", "}": "}", "%": "%", "$": "$", "#": "#", "&": "&", "_": "_",
	}
	texLarge = map[string]string{"sum": "∑", "prod": "∏", "int": "∫", "bigcup": "⋃", "bigcap": "⋂"}
)

const texFunctions = " log ln exp sin cos tan max min sup inf lim arg det Pr "
