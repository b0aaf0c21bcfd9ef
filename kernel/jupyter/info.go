package jupyter

// Info is what a kernel tells about itself in kernel_info_reply.
type Info struct {
	Implementation        string // "divvy"
	ImplementationVersion string
	Banner                string
	Language              LanguageInfo
	HelpLinks             []HelpLink
	// Features are optional features beside "kernel subshells", which the
	// server provides, for example "debugger".
	Features []string
}

// LanguageInfo describes the language to front ends.
type LanguageInfo struct {
	Name              string `json:"name"`
	Version           string `json:"version"`
	MIMEType          string `json:"mimetype"`
	FileExtension     string `json:"file_extension"`
	PygmentsLexer     string `json:"pygments_lexer,omitempty"`
	CodeMirrorMode    any    `json:"codemirror_mode,omitempty"` // a string or an object
	NBConvertExporter string `json:"nbconvert_exporter,omitempty"`
}

// HelpLink is an entry of a notebook's help menu.
type HelpLink struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// kernelInfo is the content of kernel_info_reply.
type kernelInfo struct {
	replyOK
	ProtocolVersion       string       `json:"protocol_version"`
	Implementation        string       `json:"implementation"`
	ImplementationVersion string       `json:"implementation_version"`
	LanguageInfo          LanguageInfo `json:"language_info"`
	Banner                string       `json:"banner"`
	Debugger              bool         `json:"debugger"` // deprecated, and still read by JupyterLab
	HelpLinks             []HelpLink   `json:"help_links"`
	SupportedFeatures     []string     `json:"supported_features"`
}

func (i Info) reply() kernelInfo {
	k := kernelInfo{
		replyOK:               ok,
		ProtocolVersion:       ProtocolVersion,
		Implementation:        i.Implementation,
		ImplementationVersion: i.ImplementationVersion,
		LanguageInfo:          i.Language,
		Banner:                i.Banner,
		HelpLinks:             append([]HelpLink{}, i.HelpLinks...),
		SupportedFeatures:     append([]string{"kernel subshells"}, i.Features...),
	}
	for _, f := range i.Features {
		k.Debugger = k.Debugger || f == "debugger"
	}
	return k
}
