package display

// The MIME types that the project speaks.
const (
	MIMEText     = "text/plain"
	MIMEHTML     = "text/html"
	MIMEMarkdown = "text/markdown"
	MIMELaTeX    = "text/latex"
	MIMESVG      = "image/svg+xml"
	MIMEPNG      = "image/png"
	MIMEJPEG     = "image/jpeg"
	MIMEGIF      = "image/gif"
	MIMEPDF      = "application/pdf"
	MIMEJSON     = "application/json"
	// MIMEVegaLite is version 5 of Vega-Lite, the newest that JupyterLab 4 draws.
	MIMEVegaLite = "application/vnd.vegalite.v5+json"
	// MIMEWidget refers to the model of an interactive widget.
	MIMEWidget = "application/vnd.jupyter.widget-view+json"
)

// isBinary tells whether a bundle carries content of this type in base64.
func isBinary(mime string) bool {
	switch mime {
	case MIMEPNG, MIMEJPEG, MIMEGIF, MIMEPDF:
		return true
	}
	return false
}
