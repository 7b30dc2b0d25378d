using InverseScope.Core.Specs.Compilation;
using InverseScope.Core.Specs.Running;
using InverseScope.Core.Specs.Syntax;

namespace InverseScope.Core.Specs.Steps;

/// <summary>Steps over text that give lists or text.</summary>
internal static class TextSteps
{
    private static readonly Form<string> GroupForm = Form.Either(
        static group => int.TryParse(group, out _) ? 0 : 1,
        Form.Refine(
            Form.Integer, "the number of a group, 0 for the whole match", n => n < 0 ? "a group has no negative number" : null,
            schema => schema["minimum"] = 0).As(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture), int.Parse),
        Form.SomeText);

    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        Define.Bare<Step.It>(
            "it", StepType.Any, StepType.None, "take the current value",
            "first in a nested pipeline: start from the current value instead of the text",
            static binding => binding.Error("'it' can only be the first step of a pipeline.", "Leave it out here.")),

        Define.Bare<Step.Words>(
            "words", StepType.Text, StepType.List, "take the words",
            "words of the text: runs of letters, digits, apostrophes and hyphens",
            static (e, v) => TextSplitter.Words(v.Text, e.NewList())),

        Define.Bare<Step.Chars>(
            "chars", StepType.Text, StepType.List, "take the characters", "characters of the text, one by one",
            static (e, v) => TextSplitter.Chars(v.Text, e.NewList())),

        Define.Bare<Step.Lines>(
            "lines", StepType.Text, StepType.List, "take the lines", "lines of the text",
            static (e, v) => TextSplitter.Lines(v.Text, e.NewList())),

        Define.Bare<Step.Sentences>(
            "sentences", StepType.Text, StepType.List, "take the sentences", "sentences of the text, trimmed",
            static (e, v) => TextSplitter.Sentences(v.Text, e.NewList())),

        Define.Bare<Step.Tokens>(
            "tokens", StepType.Text, StepType.List, "take the model's tokens", "tokens of the target model, as text",
            static binding =>
            {
                if (binding.Tokenizer is not { } tokenizer)
                {
                    return binding.Error(
                        "'tokens' needs a target model, and none is given.", "Give a model, or use words or chars.");
                }

                return (e, v) =>
                {
                    if (tokenizer(v.Text.ToString()) is not { } tokens)
                        return Value.Undefined;
                    var list = e.NewList();
                    foreach (var token in tokens)
                        list.Add(new TextSlice(token, 0, token.Length));
                    return Value.Of(list);
                };
            }),

        Define.With(
            "match",
            Form.Either(
                static step => step.Group == "0" ? 0 : 1,
                Form.SomeText.As(pattern => new Step.Match(pattern), step => step.Pattern),
                new ObjectForm<Step.Match>(
                    "{pattern: …, group: …}", new Step.Match(""),
                    [
                        Field.Required<Step.Match, string>(
                            "pattern", "a regular expression", Form.SomeText, s => s.Pattern, (s, v) => s with { Pattern = v }),
                        Field.Optional<Step.Match, string>(
                            "group", "the number or name of a group", GroupForm, s => s.Group, (s, v) => s with { Group = v }),
                    ])),
            StepType.Text, StepType.List, "every match of a regular expression (or of one of its groups)",
            static step => step.Group == "0"
                ? $"find all matches of {English.Quote(step.Pattern)}"
                : $"find group {step.Group} of all matches of {English.Quote(step.Pattern)}",
            static (step, binding) =>
            {
                if (binding.Regex(step.Pattern) is not { } regex)
                    return null;
                var names = regex.GetGroupNames();
                if (Array.IndexOf(names, step.Group) < 0)
                {
                    return binding.Error(
                        $"the pattern has no group {SpecNode.Quote(step.Group)}.",
                        $"Its groups: {string.Join(", ", names)}.{NearestName.Hint(step.Group, names)}");
                }

                return (e, v) => RegexMatcher.Matches(regex, step.Group, v.Text, e);
            }),

        Define.With(
            "variable", Form.SomeText.As(name => new Step.Variable(name), step => step.Name), StepType.Text, StepType.Text,
            "what the task knows of the text under a name", static step => $"look its {English.Quote(step.Name)} up in the task",
            static (step, binding) =>
            {
                var known = binding.Variables?.Variables ?? [];
                if (!known.Contains(step.Name))
                {
                    return binding.Error(
                        $"there is no variable {SpecNode.Quote(step.Name)}.",
                        (known.Count == 0 ? "The task has none, or no task is given." : $"Known: {string.Join(", ", known)}.")
                        + NearestName.Hint(step.Name, known));
                }

                var task = binding.Variables!;
                return (_, v) => task.ValueOf(step.Name, v.Text.ToString()) is { } value ? Value.Of(value) : Value.Undefined;
            }),

        Define.Bare<Step.Lower>(
            "lower", StepType.Text, StepType.Text, "turn it into lower case", "the text in lower case",
            static (_, v) => Value.Of(v.Text.ToString().ToLowerInvariant())),

        Define.Bare<Step.Upper>(
            "upper", StepType.Text, StepType.Text, "turn it into upper case", "the text in upper case",
            static (_, v) => Value.Of(v.Text.ToString().ToUpperInvariant())),

        Define.Bare<Step.Trim>(
            "trim", StepType.Text, StepType.Text, "trim it", "the text without white space at both ends",
            static (_, v) => Value.Of(TextSplitter.Trimmed(v.Text))),

        Define.With(
            "after",
            Form.Either(
                static step => step.FromEnd ? 1 : 0,
                Form.SomeText.As(text => new Step.After(text), step => step.Text),
                new ObjectForm<Step.After>(
                    "{text: …, last: true}", new Step.After(""),
                    [
                        Field.Required<Step.After, string>(
                            "text", "the text to look for", Form.SomeText, s => s.Text, (s, v) => s with { Text = v }),
                        Field.Optional<Step.After, bool>(
                            "last", "true for its last occurrence", Form.Bool, s => s.FromEnd, (s, v) => s with { FromEnd = v }),
                    ])),
            StepType.Text, StepType.Text, "what follows the first (or last) occurrence of a text",
            static step => $"take what follows the {Occurrence(step.FromEnd)} {English.Quote(step.Text)}",
            static step => (_, v) =>
            {
                var text = v.Text;
                var at = Find(text.Span, step.Text, step.FromEnd);
                return at < 0 ? Value.Undefined : Value.Of(Part(text, at + step.Text.Length, text.Length));
            }),

        Define.With(
            "before",
            Form.Either(
                static step => step.FromEnd ? 1 : 0,
                Form.SomeText.As(text => new Step.Before(text), step => step.Text),
                new ObjectForm<Step.Before>(
                    "{text: …, last: true}", new Step.Before(""),
                    [
                        Field.Required<Step.Before, string>(
                            "text", "the text to look for", Form.SomeText, s => s.Text, (s, v) => s with { Text = v }),
                        Field.Optional<Step.Before, bool>(
                            "last", "true for its last occurrence", Form.Bool, s => s.FromEnd, (s, v) => s with { FromEnd = v }),
                    ])),
            StepType.Text, StepType.Text, "what precedes the first (or last) occurrence of a text",
            static step => $"take what precedes the {Occurrence(step.FromEnd)} {English.Quote(step.Text)}",
            static step => (_, v) =>
            {
                var text = v.Text;
                var at = Find(text.Span, step.Text, step.FromEnd);
                return at < 0 ? Value.Undefined : Value.Of(Part(text, 0, at));
            }),

        Define.With(
            "between",
            new ObjectForm<Step.Between>(
                "{after: …, before: …}", new Step.Between("", ""),
                [
                    Field.Required<Step.Between, string>(
                        "after", "the text that it follows", Form.SomeText, s => s.Opening, (s, v) => s with { Opening = v }),
                    Field.Required<Step.Between, string>(
                        "before", "the text that it precedes", Form.SomeText, s => s.Closing, (s, v) => s with { Closing = v }),
                    Field.Optional<Step.Between, bool>(
                        "last", "true for the last such stretch", Form.Bool, s => s.FromEnd, (s, v) => s with { FromEnd = v }),
                ]),
            StepType.Text, StepType.Text, "what lies between two texts",
            static step =>
                $"take what lies between the {Occurrence(step.FromEnd)} {English.Quote(step.Opening)} and the {(step.FromEnd ? "last" : "next")} {English.Quote(step.Closing)}",
            static step => (_, v) => Between(v.Text, step)),

        Define.With(
            "replace",
            new ObjectForm<Step.Replace>(
                "{pattern: …, with: …}", new Step.Replace("", ""),
                [
                    Field.Required<Step.Replace, string>(
                        "pattern", "a regular expression", Form.SomeText, s => s.Pattern, (s, v) => s with { Pattern = v }),
                    Field.Required<Step.Replace, string>(
                        "with", "the text that replaces each match", Form.Text, s => s.With, (s, v) => s with { With = v }),
                ]),
            StepType.Text, StepType.Text, "every match of a regular expression replaced by a text",
            static step => $"replace each match of {English.Quote(step.Pattern)} by {English.Quote(step.With)}",
            static (step, binding) => binding.Regex(step.Pattern) is { } regex
                ? (e, v) => RegexMatcher.Replace(regex, step.With, v.Text, e)
                : null),
    ];

    private static string Occurrence(bool last) => last ? "last" : "first";

    private static int Find(ReadOnlySpan<char> text, string sought, bool last) =>
        last ? text.LastIndexOf(sought, StringComparison.Ordinal) : text.IndexOf(sought, StringComparison.Ordinal);

    private static TextSlice Part(in TextSlice text, int from, int to) => new(text.Source, text.Start + from, to - from);

    private static Value Between(in TextSlice text, Step.Between step)
    {
        var span = text.Span;
        if (step.FromEnd)
        {
            var end = Find(span, step.Closing, last: true);
            var start = end < 0 ? -1 : Find(span[..end], step.Opening, last: true);
            return start < 0 ? Value.Undefined : Value.Of(Part(text, start + step.Opening.Length, end));
        }

        var first = Find(span, step.Opening, last: false);
        if (first < 0)
            return Value.Undefined;
        first += step.Opening.Length;
        var length = Find(span[first..], step.Closing, last: false);
        return length < 0 ? Value.Undefined : Value.Of(Part(text, first, first + length));
    }
}
