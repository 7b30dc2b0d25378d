using System.Text.Json.Nodes;
using InverseScope.Core.Sites;

namespace InverseScope.Core.Specs.Syntax;

/// <summary>How a whole spec is written.</summary>
internal static class FeatureSpecForm
{
    /// <summary>Labels in a closed set.</summary>
    public const int MaxLabels = 100;

    private static readonly string[] Kinds = ["rule", "script", "llm"];

    private static readonly FeatureSpec Blank = new() { Id = "" };

    private static readonly Form<LabelEquivalence> EquivalenceForm = Form.Either(
        static equivalence => equivalence is LabelEquivalence.Embedding ? 1 : 0,
        Form.Name<LabelEquivalence>(
            ("exact", new LabelEquivalence.Exact()),
            ("normalised", new LabelEquivalence.Normalised()),
            ("judged", new LabelEquivalence.Judged())),
        Form.OneOf<LabelEquivalence>(
            "{embedding: 0.85}",
            Form.Choice<LabelEquivalence, LabelEquivalence.Embedding, double>(
                "embedding", "least cosine similarity of two labels that are the same",
                Form.Range(Form.Number, 0, 1), threshold => new LabelEquivalence.Embedding(threshold),
                equivalence => equivalence.Threshold)));

    private static readonly Form<LlmQuestion> LlmForm = Form.Located(new ObjectForm<LlmQuestion>(
        "{instruction: …, labels: […]} or {instruction: …, equivalence: …}",
        new LlmQuestion("", [], null),
        [
            Field.Required<LlmQuestion, string>(
                "instruction", "what the language model shall say about the text", Form.Prose(4000),
                q => q.Instruction, (q, v) => q with { Instruction = v }),
            Field.Optional<LlmQuestion, ValueList<string>>(
                "labels", "the closed set of labels", Form.Distinct(Form.List(Form.Line(100), 2, MaxLabels)),
                q => q.Labels, (q, v) => q with { Labels = v }),
            Field.Optional<LlmQuestion, LabelEquivalence?>(
                "equivalence", "for an open set of labels, when two of them are the same",
                EquivalenceForm.As(e => (LabelEquivalence?)e, e => e!), q => q.Equivalence, (q, v) => q with { Equivalence = v }),
            Field.Optional<LlmQuestion, string?>(
                "model", "name of the language model; without it, the one of the run",
                Form.Line(200).As(m => (string?)m, m => m!), q => q.Model, (q, v) => q with { Model = v }),
            Field.Optional<LlmQuestion, int>(
                "votes", "answers for each text, an odd number; the majority counts",
                Form.Refine(
                    Form.Range(Form.Integer, 1, 15), "an odd number from 1 to 15", n => n % 2 == 1 ? null : $"{n} is even"),
                q => q.Votes, (q, v) => q with { Votes = v }),
        ],
        check: null, "labels", "equivalence"));

    private static readonly Form<FeatureScript> ScriptForm = Form.Located(Form.Either(
        static script => script.MaxFailures == new FeatureScript("").MaxFailures ? 0 : 1,
        Form.SomeText.As(source => new FeatureScript(source), script => script.Source),
        new ObjectForm<FeatureScript>(
            "{source: …, max_failures: 0.01}", new FeatureScript(""),
            [
                Field.Required<FeatureScript, string>(
                    "source", "JavaScript that defines label(x)", Form.SomeText, s => s.Source, (s, v) => s with { Source = v }),
                Field.Optional<FeatureScript, double>(
                    "max_failures", "share of texts on which it may break a limit", Form.Range(Form.Number, 0, 1),
                    s => s.MaxFailures, (s, v) => s with { MaxFailures = v }),
            ])));

    private static readonly Form<SpecTest> TestForm = Form.Located(new ObjectForm<SpecTest>(
        "{text: …, label: …}", new SpecTest("", null),
        [
            Field.Required<SpecTest, string>(
                "text", "a text as the task shows it", Form.Text, t => t.Text, (t, v) => t with { Text = v }),
            Field.Required<SpecTest, string?>(
                "label", "the label that it must get, or null for undefined",
                new OptionalForm(Form.Label), t => t.Label, (t, v) => t with { Label = v }),
        ]));

    private static readonly Form<string> IdForm = Form.Refine(
        Form.Text, "letters, digits, dots, hyphens and underscores, at most 80, beginning with a letter or digit",
        id => IsId(id) ? null : $"{SpecNode.Quote(id)} is not an id",
        schema => schema["pattern"] = "^[A-Za-z0-9][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*$");

    private static readonly Form<string> SiteForm = Form.Refine(
        Form.Text, "sites such as L9H6, L*H*@=, L17.attn@-2 or L3-9.mlp", WhyNotASite);

    private static readonly Field<FeatureSpec>[] EssentialFields =
    [
        Field.Optional<FeatureSpec, Pipeline?>(
            "applies", "a pipeline to true or false; elsewhere the feature is undefined",
            PipelineForm.Instance.As(p => (Pipeline?)p, p => p!), s => s.Applies, (s, v) => s with { Applies = v }),
        Field.Optional<FeatureSpec, Pipeline?>(
            "rule", "the steps from text to label", PipelineForm.Instance.As(p => (Pipeline?)p, p => p!),
            s => s.Rule, (s, v) => s with { Rule = v }),
        Field.Optional<FeatureSpec, FeatureScript?>(
            "script", "JavaScript that defines label(x), for what steps cannot say",
            ScriptForm.As(x => (FeatureScript?)x, x => x!), s => s.Script, (s, v) => s with { Script = v }),
        Field.Optional<FeatureSpec, LlmQuestion?>(
            "llm", "a question that a language model answers for each text",
            LlmForm.As(q => (LlmQuestion?)q, q => q!), s => s.Llm, (s, v) => s with { Llm = v }),
        Field.Optional<FeatureSpec, ValueList<Lexicon>>(
            "lexicons", "word lists by name; one that is not listed here is the task's", new LexiconsForm(),
            s => s.Lexicons, (s, v) => s with { Lexicons = v }),
    ];

    /// <summary>The whole spec.</summary>
    public static Form<FeatureSpec> Whole { get; } = new ObjectForm<FeatureSpec>(
        "a feature spec: a mapping with schema, id, and one of rule, script, llm", Blank,
        [
            Field.Required<FeatureSpec, string>(
                "schema", FeatureSpec.SchemaId, Form.Name((FeatureSpec.SchemaId, FeatureSpec.SchemaId)),
                _ => FeatureSpec.SchemaId, (s, _) => s),
            Field.Required<FeatureSpec, string>(
                "id", "a short name, e.g. ioi.object", IdForm, s => s.Id, (s, v) => s with { Id = v }),
            Field.Optional<FeatureSpec, string?>(
                "title", "a few words for tables", Form.Line(200).As(t => (string?)t, t => t!), s => s.Title,
                (s, v) => s with { Title = v }),
            Field.Optional<FeatureSpec, string?>(
                "hypothesis", "the claim in a sentence", Form.Prose(2000).As(t => (string?)t, t => t!),
                s => s.Hypothesis, (s, v) => s with { Hypothesis = v }),
            Field.Optional<FeatureSpec, ValueList<string>>(
                "sites", "where it is claimed, e.g. [L9H9, L9H6]", Form.List(SiteForm, 1), s => s.Sites,
                (s, v) => s with { Sites = v }),
            .. EssentialFields,
            Field.Optional<FeatureSpec, ValueList<SpecTest>>(
                "tests", "texts with their labels, checked whenever the spec is compiled", Form.List(TestForm, 1),
                s => s.Tests, (s, v) => s with { Tests = v }),
        ],
        check: null, Kinds);

    /// <summary>What decides the labels.</summary>
    public static Form<FeatureSpec> Essence { get; } = new ObjectForm<FeatureSpec>("", Blank, EssentialFields);

    /// <summary>Null, or what is wrong with the choice between rule, script and question.</summary>
    public static string? WhyNotOne(FeatureSpec spec) => ObjectForm.WhyNotOne(
        Kinds, (spec.Rule is null ? 0 : 1) + (spec.Script is null ? 0 : 1) + (spec.Llm is null ? 0 : 1));

    private static bool IsId(string id) =>
        id.Length is > 0 and <= 80
        && char.IsAsciiLetterOrDigit(id[0])
        && id[^1] != '.'
        && !id.Contains("..", StringComparison.Ordinal)
        && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static string? WhyNotASite(string text)
    {
        try
        {
            SitePattern.Parse(text);
            return null;
        }
        catch (BadInputException e)
        {
            return e.What.TrimEnd('.');
        }
    }

    /// <summary>A text or null.</summary>
    private sealed class OptionalForm(Form<string> form) : Form<string?>
    {
        public override string Expected => $"{form.Expected}, or null";

        public override bool Fits(SpecNode node) => node is SpecNode.Null || form.Fits(node);

        public override bool TryRead(SpecNode node, SpecReading reading, out string? value)
        {
            value = null;
            if (node is SpecNode.Null)
                return true;
            if (form.Fits(node))
                return form.TryRead(node, reading, out value!);
            reading.Unexpected(node, Expected);
            return false;
        }

        public override SpecNode Write(string? value) => value is null ? new SpecNode.Null() : form.Write(value);

        public override JsonObject Schema(SpecSchemaBuilder schema)
        {
            var result = form.Schema(schema);
            result["type"]!.AsArray().Add((JsonNode)"null");
            return result;
        }
    }
}
