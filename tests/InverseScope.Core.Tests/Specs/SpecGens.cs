using CsCheck;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;

namespace InverseScope.Core.Tests.Specs;

/// <summary>Random specs of every kind of step: well typed by construction, or with steps in any order.</summary>
internal static class SpecGens
{
    private const int MaxDepth = 3;

    /// <summary>A task with variables.</summary>
    public static TextFileTask Described { get; } = new(
        "described", "test",
        [
            new("How are you?", 1, new Dictionary<string, string> { ["harmful"] = "false" }),
            new("615+861=1476", 1, new Dictionary<string, string> { ["source_language"] = "en", ["target_language"] = "fr" }),
        ]);

    /// <summary>What all of these specs are compiled against.</summary>
    public static CompileContext Context { get; } = new(Rules.Ioi.Lexicons)
    {
        Variables = Described,
        Tokenizer = static text => text.Contains('\0', StringComparison.Ordinal) ? null : [.. text.Chunk(3).Select(c => new string(c))],
        Labeller = new FakeLabeller(static text => LabelAnswer.Of(text.Length % 2 == 0 ? "even" : "odd")),
    };

    /// <summary>Texts that specs meet, and those that a task would never draw.</summary>
    public static IReadOnlyList<string> Inputs { get; } =
    [
        "", " ", "615+861=1476", "vvzc|v:2", "When Mary and John went to the store, Mary gave a drink to", "a\nb\r\nc",
        "Äpfel 日本 😀 e\u0301", "\ud800", "\0", "-007", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a.b! c? d",
    ];

    private static readonly string[] Awkward =
    [
        "a", "b", "Mary", "names", "=", "x y", " lead", "trail ", "a: b", "# c", "- d", "true", "null", "12", "1e3", "~", "é", "😀", "日本",
        "\n", "a\nb", "a\n\nb\n", "  indented\nb", "tab\t", "\u200b", "\u2028", "\"q\"", "'s'", "\\d", "{x}", "[y]", "&z", "*z", "!t", "%", "@", "`",
        "|", ">", "?", "\0", "\u0085", "\ufeff", "0x1F", "1_000", ".5", "yes", "2001-01-01", "<b>&amp;</b>", "-", "--- ", "...",
    ];

    public static Gen<string> Text { get; } = Gen.Frequency(
        (4, Gen.OneOf(Awkward)), (1, Gen.Char.AlphaNumeric.Array[0, 8].Select(c => new string(c))), (1, Gen.Const("")));

    private static readonly Gen<string> SomeText = Text.Select(t => t.Length == 0 ? "s" : t);

    private static readonly Gen<string> Line = Gen.OneOf(
        "A title", "<script>alert(1)</script>", "Größe: 日本", "- x", "a # b", "\"quoted\"", "12", "true", "x:");

    private static readonly Gen<double> Number = Gen.OneOf(
        Gen.Int[-3, 20].Select(n => (double)n), Gen.OneOf(0.5, -1.25, 1e-7, 1e15, 9007199254740992, 0.1));

    private static readonly Gen<int> Integer = Gen.Frequency((6, Gen.Int[-4, 6]), (1, Gen.OneOf(int.MaxValue, -int.MaxValue)));

    private static readonly Gen<string> Pattern = Gen.OneOf(
        @"\d+", @"(\w+)@(?<home>\w*)", "[aeiou]", "a|b", "^$", ".", @"\b", "(a+)+$", "x*", " ", @"\p{L}");

    private static readonly Gen<string> AnyPattern = Gen.Frequency(
        (5, Pattern), (1, Gen.OneOf("(", "(?=a)", @"(a)\1", "[z-a]", "a{2000000000}")), (1, SomeText));

    private static readonly Gen<string> Lexicon = Gen.OneOf("names", "places", "own");

    private static readonly Gen<Constant> Constant = Gen.OneOf(
        Text.Select(t => (Constant)t), Number.Select(n => (Constant)n), Gen.Bool.Select(b => (Constant)b));

    private static readonly Gen<string?> Label = Gen.Frequency((1, Gen.Const((string?)null)), (3, Text.Select(t => (string?)t)));

    private static readonly Gen<Step> Map = Gen.Dictionary(Text, Text)[1, 4]
        .Select(d => (Step)new Step.Map([.. d.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => new MapEntry(e.Key, e.Value))]));

    private static readonly Gen<Step> Bucket = Number.Array[1, 4]
        .Select(n => (Step)new Step.Bucket([.. n.Distinct().Order()]));

    private static readonly Gen<Step> Occurring = Gen.OneOf(
        Gen.Int[0, 3].Select(n => (Step)new Step.Occurring(n)),
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 3]).Select((min, more) => (Step)new Step.Occurring(min, more == 3 ? null : min + more)));

    private static readonly Gen<Step> Slice = Gen.Select(Integer, Integer, Gen.Bool)
        .Select((from, to, hasTo) => (Step)new Step.Slice(from, hasTo ? to : null));

    private static readonly Gen<double> Divisor = Number.Select(n => n == 0 ? 1 : n);

    private static readonly Gen<ValueList<string>> Words = SomeText.Array[1, 3].Select(w => (ValueList<string>)[.. w]);

    private static readonly Gen<Step> TextToText = Gen.OneOf(
        Gen.OneOf<Step>(new Step.Lower(), new Step.Upper(), new Step.Trim(), new Step.Variable("harmful"), new Step.Variable("source_language")),
        Gen.Select(SomeText, Gen.Bool).Select((t, last) => (Step)new Step.After(t, last)),
        Gen.Select(SomeText, Gen.Bool).Select((t, last) => (Step)new Step.Before(t, last)),
        Gen.Select(SomeText, SomeText, Gen.Bool).Select((a, b, last) => (Step)new Step.Between(a, b, last)),
        Gen.Select(Pattern, Text).Select((p, with) => (Step)new Step.Replace(p, with)));

    private static readonly Gen<Step> TextToList = Gen.OneOf(
        Gen.OneOf<Step>(new Step.Words(), new Step.Chars(), new Step.Lines(), new Step.Sentences(), new Step.Tokens()),
        Pattern.Select(p => (Step)new Step.Match(p)),
        Gen.OneOf("1", "home").Select(g => (Step)new Step.Match(@"(\w+)@(?<home>\w*)", g)));

    private static readonly Gen<Step> TextToNumber = Gen.OneOf(
        Gen.OneOf<Step>(new Step.Length(), new Step.Int()), SomeText.Select(t => (Step)new Step.IndexOf(t)));

    private static readonly Gen<Step> ListToText = Gen.OneOf(
        Gen.OneOf<Step>(new Step.First(), new Step.Last()), Integer.Select(k => (Step)new Step.Nth(k)),
        Text.Select(s => (Step)new Step.Join(s)));

    private static readonly Gen<Step> ListToNumber = Gen.OneOf(
        Gen.Const((Step)new Step.Count()), SomeText.Select(t => (Step)new Step.IndexOf(t)));

    private static readonly Gen<Step> NumberToNumber = Gen.OneOf(
        Divisor.Select(n => (Step)new Step.Div(n)), Divisor.Select(n => (Step)new Step.Mod(n)), Bucket);

    private static readonly Gen<Step> Contains = Gen.OneOf(
        Words.Select(w => (Step)new Step.Contains(new Probe.Words(w))),
        SomeText.Select(t => (Step)new Step.Contains(new Probe.Text(t))),
        Pattern.Select(p => (Step)new Step.Contains(new Probe.Regex(p))));

    /// <summary>Rules that must compile.</summary>
    public static Gen<Pipeline> TypedRule { get; } = Typed(StepType.Labels, StepType.Text, 0);

    /// <summary>Conditions that must compile.</summary>
    public static Gen<Pipeline> TypedCondition { get; } = Typed(StepType.Bool, StepType.Text, 1);

    /// <summary>Steps in any order, with arguments that their forms allow.</summary>
    public static Gen<Pipeline> WildRule { get; } = Gen.Recursive<Pipeline>((depth, self) => Wild(self, depth).Array[1, 4].Select(s => new Pipeline(s)));

    /// <summary>Whole specs that must compile.</summary>
    public static Gen<FeatureSpec> TypedSpec { get; } = Spec(TypedRule, TypedCondition, Gen.Const<ValueList<SpecTest>>([]));

    /// <summary>Whole specs that can be parsed, whatever else is wrong with them.</summary>
    public static Gen<FeatureSpec> WildSpec { get; } = Spec(
        WildRule, WildRule, Gen.Select(Text, Label).Select((t, l) => new SpecTest(t, l)).Array[0, 3].Select(t => (ValueList<SpecTest>)[.. t]));

    private static Gen<FeatureSpec> Spec(Gen<Pipeline> rule, Gen<Pipeline> condition, Gen<ValueList<SpecTest>> tests)
    {
        var basis = Gen.Select(
            Gen.OneOf("a", "ioi.object", "x-1_b.c"), Line.Null(), Line.Null(), Gen.OneOf<ValueList<string>>([], ["L9H9", "L*H*@="]),
            condition.Null(), Words, tests,
            (id, title, hypothesis, sites, applies, own, tested) => new FeatureSpec
            {
                Id = id,
                Title = title,
                Hypothesis = hypothesis,
                Sites = sites,
                Applies = applies,
                Lexicons = [new Lexicon("names", new LexiconSource.Task()), new Lexicon("own", new LexiconSource.Words(own))],
                Tests = tested,
            });
        var script = Gen.Select(Gen.OneOf("function label(x) { return x.length }", "const f = x => x;\nfunction label(x) {\n  return f(x)\n}\n"),
            Gen.OneOf(0.01, 0.5)).Select((source, share) => new FeatureScript(source, share));
        var llm = Gen.Select(
            Line, Gen.OneOf<(ValueList<string> Labels, LabelEquivalence? Equivalence)>(
                (["even", "odd"], null), ([], new LabelEquivalence.Exact()), ([], new LabelEquivalence.Normalised()),
                ([], new LabelEquivalence.Embedding(0.85)), ([], new LabelEquivalence.Judged())),
            Line.Null(), Gen.OneOf(1, 3, 15),
            (instruction, set, model, votes) => new LlmQuestion(instruction, set.Labels, set.Equivalence, model, votes));
        return Gen.Frequency(
            (8, Gen.Select(basis, rule).Select((s, r) => s with { Rule = r })),
            (1, Gen.Select(basis, script).Select((s, x) => s with { Script = x })),
            (1, Gen.Select(basis, llm).Select((s, q) => s with { Llm = q })));
    }

    private static Gen<Step> Wild(Gen<Pipeline> nested, int depth)
    {
        var patterns = Gen.OneOf(
            Gen.Select(AnyPattern, Gen.OneOf("0", "1", "home", "nope")).Select((p, g) => (Step)new Step.Match(p, g)),
            Gen.Select(AnyPattern, Text).Select((p, with) => (Step)new Step.Replace(p, with)),
            AnyPattern.Select(p => (Step)new Step.Contains(new Probe.Regex(p))));
        var flat = Gen.OneOf(
            TextToText, TextToList, TextToNumber, ListToText, ListToNumber, NumberToNumber, Contains, Map, Occurring, Slice, patterns,
            Gen.OneOf<Step>(new Step.It(), new Step.Distinct(), new Step.Sort(), new Step.Reverse()),
            Gen.OneOf(Lexicon, Text.Select(t => t + "x")).Select(name => (Step)new Step.In(name)),
            Lexicon.Select(name => (Step)new Step.NotIn(name)),
            Constant.Select(value => (Step)new Step.Const(value)),
            Comparison(Constant.Select(value => (Operand)new Operand.Fixed(value))));
        return depth >= MaxDepth ? flat : Gen.Frequency(
            (3, flat),
            (1, Comparison(nested.Select(p => (Operand)p))),
            (1, Nesting(nested, nested, nested, nested, 1, 3)),
            (1, nested.Select(p => (Step)new Step.Where(p))));
    }

    private static Gen<Step> Comparison(Gen<Operand> operand) => Gen.Select(Gen.Int[0, 5], operand).Select((kind, o) => kind switch
    {
        0 => (Step)new Step.Eq(o),
        1 => new Step.Ne(o),
        2 => new Step.Gt(o),
        3 => new Step.Ge(o),
        4 => new Step.Lt(o),
        _ => new Step.Le(o),
    });

    // Steps over pipelines, whatever the current value is.
    private static Gen<Step> Nesting(
        Gen<Pipeline> number, Gen<Pipeline> truth, Gen<Pipeline> label, Gen<Pipeline> branch, int least, int most) => Gen.OneOf(
        List(number, least, most).Select(l => (Step)new Step.Sum(l)),
        List(number, 2, 2).Select(l => (Step)new Step.Difference(l)),
        List(number, least, most).Select(l => (Step)new Step.Product(l)),
        List(number, least, most).Select(l => (Step)new Step.Min(l)),
        List(number, least, most).Select(l => (Step)new Step.Max(l)),
        List(truth, least, most).Select(l => (Step)new Step.All(l)),
        List(truth, least, most).Select(l => (Step)new Step.Any(l)),
        truth.Select(p => (Step)new Step.Not(p)),
        List(label, least, most).Select(l => (Step)new Step.Tuple(l)),
        List(label, least, most).Select(l => (Step)new Step.Set(l)),
        Gen.Select(truth, branch, branch.Null()).Select((when, then, otherwise) => (Step)new Step.If(when, then, otherwise)));

    private static Gen<ValueList<Pipeline>> List(Gen<Pipeline> pipeline, int least, int most) =>
        pipeline.Array[least, most].Select(p => (ValueList<Pipeline>)[.. p]);

    // A pipeline to one of the types of the goal: some steps at random, then what still leads there.
    private static Gen<Pipeline> Typed(StepType goal, StepType current, int depth) =>
        from startsFromIt in depth == 0 ? Gen.Const(false) : Gen.Bool
        from length in Gen.Int[0, depth >= MaxDepth ? 1 : 3]
        from walk in Walk(startsFromIt ? current : StepType.Text, length, depth)
        from end in Ending(walk.Type, goal)
        let steps = (Step[])[.. startsFromIt ? [new Step.It()] : Array.Empty<Step>(), .. walk.Steps, .. end]
        select steps.Length == 0 ? new Pipeline(new Step.Const("none")) : new Pipeline(steps);

    private static Gen<(Step[] Steps, StepType Type)> Walk(StepType given, int length, int depth) =>
        length == 0
            ? Gen.Const((Array.Empty<Step>(), given))
            : from next in Next(given, depth)
              from rest in Walk(next.Type, length - 1, depth)
              select ((Step[])[next.Step, .. rest.Steps], rest.Type);

    private static Gen<(Step Step, StepType Type)> Next(StepType given, int depth)
    {
        var all = new List<Gen<(Step, StepType)>>
        {
            Constant.Select(value => ((Step)new Step.Const(value), value switch
            {
                Core.Specs.Constant.Text => StepType.Text,
                Core.Specs.Constant.Number => StepType.Number,
                _ => StepType.Bool,
            })),
        };
        switch (given)
        {
            case StepType.Text:
                Add(TextToText, StepType.Text);
                Add(TextToList, StepType.List);
                Add(TextToNumber, StepType.Number);
                Add(Contains, StepType.Bool);
                Add(Text.Select(t => (Step)new Step.Eq(t)), StepType.Bool);
                Add(Map, StepType.Text);
                break;
            case StepType.List:
                Add(Lexicon.Select(name => (Step)new Step.In(name)), StepType.List);
                Add(Lexicon.Select(name => (Step)new Step.NotIn(name)), StepType.List);
                Add(Occurring, StepType.List);
                Add(Slice, StepType.List);
                Add(Gen.OneOf<Step>(new Step.Distinct(), new Step.Sort(), new Step.Reverse()), StepType.List);
                Add(ListToText, StepType.Text);
                Add(ListToNumber, StepType.Number);
                break;
            case StepType.Number:
                Add(NumberToNumber, StepType.Number);
                Add(Comparison(Number.Select(n => (Operand)n)), StepType.Bool);
                Add(Map, StepType.Text);
                break;
            case StepType.Bool:
                Add(Gen.Bool.Select(b => (Step)new Step.Ne(b)), StepType.Bool);
                Add(Map, StepType.Text);
                break;
            default:
                Add(Map, StepType.Text);
                break;
        }

        if (depth >= MaxDepth)
            return Gen.OneOf([.. all]);
        Gen<Pipeline> Nested(StepType goal) => Typed(goal, given, depth + 1);
        Add(List(Nested(StepType.Number), 1, 3).Select(l => (Step)new Step.Sum(l)), StepType.Number);
        Add(List(Nested(StepType.Number), 2, 2).Select(l => (Step)new Step.Difference(l)), StepType.Number);
        Add(List(Nested(StepType.Number), 1, 3).Select(l => (Step)new Step.Product(l)), StepType.Number);
        Add(List(Nested(StepType.Number), 1, 3).Select(l => (Step)new Step.Min(l)), StepType.Number);
        Add(List(Nested(StepType.Number), 1, 3).Select(l => (Step)new Step.Max(l)), StepType.Number);
        Add(List(Nested(StepType.Bool), 1, 3).Select(l => (Step)new Step.All(l)), StepType.Bool);
        Add(List(Nested(StepType.Bool), 1, 3).Select(l => (Step)new Step.Any(l)), StepType.Bool);
        Add(Nested(StepType.Bool).Select(p => (Step)new Step.Not(p)), StepType.Bool);
        Add(List(Nested(StepType.Labels), 1, 3).Select(l => (Step)new Step.Tuple(l)), StepType.Label);
        Add(List(Nested(StepType.Labels), 1, 3).Select(l => (Step)new Step.Set(l)), StepType.Label);
        foreach (var type in (StepType[])[StepType.Text, StepType.List, StepType.Number, StepType.Bool])
        {
            Add(
                Gen.Select(Nested(StepType.Bool), Nested(type), Nested(type).Null())
                    .Select((when, then, otherwise) => (Step)new Step.If(when, then, otherwise)),
                type);
        }

        Add(
            Gen.Select(Nested(StepType.Bool), Nested(StepType.Text), Nested(StepType.Number))
                .Select((when, then, otherwise) => (Step)new Step.If(when, then, otherwise)),
            StepType.Label);
        Add(Nested(given).Select(p => (Step)new Step.Eq(p)), StepType.Bool);
        if (given == StepType.List)
            Add(Typed(StepType.Bool, StepType.Text, depth + 1).Select(p => (Step)new Step.Where(p)), StepType.List);
        return Gen.OneOf([.. all]);

        void Add(Gen<Step> step, StepType gives) => all.Add(step.Select(s => (s, gives)));
    }

    private static Gen<Step[]> Ending(StepType from, StepType goal) => (from, goal) switch
    {
        _ when goal.HasFlag(from) => Gen.Const(Array.Empty<Step>()),
        (StepType.Text, StepType.List) => One(TextToList),
        (StepType.Text, StepType.Number) => One(TextToNumber),
        (StepType.Text, StepType.Bool) => One(Contains),
        (StepType.List, StepType.Text or StepType.Labels) => One(ListToText),
        (StepType.List, StepType.Number) => One(ListToNumber),
        (StepType.Number, StepType.Bool) => One(Comparison(Number.Select(n => (Operand)n))),
        (_, StepType.Text) => One(Text.Select(t => (Step)new Step.Const(t))),
        (_, StepType.Number) => One(Number.Select(n => (Step)new Step.Const(n))),
        (_, StepType.Bool) => One(Gen.Bool.Select(b => (Step)new Step.Const(b))),
        (_, StepType.List) => One(TextToList.Select(s => (Step)new Step.If([new Step.Const(true)], [s]))),
        (_, StepType.Label) => One(Text.Select(t => (Step)new Step.Tuple([[new Step.Const(t)]]))),
        _ => throw new ArgumentOutOfRangeException(nameof(goal)),
    };

    private static Gen<Step[]> One(Gen<Step> step) => step.Select(s => new[] { s });
}

/// <summary>Answers by a function of the text, and remembers what it was asked.</summary>
internal sealed class FakeLabeller(Func<string, LabelAnswer> answer) : ITextLabeller
{
    public List<(LlmQuestion Question, string SpecHash, IReadOnlyList<string> Texts)> Asked { get; } = [];

    public IReadOnlyList<LabelAnswer> Label(
        LlmQuestion question, string specHash, IReadOnlyList<string> texts, CancellationToken cancel)
    {
        lock (Asked)
            Asked.Add((question, specHash, texts));
        return [.. texts.Select(answer)];
    }
}
