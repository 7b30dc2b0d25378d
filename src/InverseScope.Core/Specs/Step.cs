namespace InverseScope.Core.Specs;

/// <summary>
/// One step of a <see cref="Pipeline"/>: a small function over typed values that is undefined where it finds nothing,
/// and never fails.
/// <para>To add one: 1. its record here; 2. its definition in <c>Steps/</c> (name, argument, types, meaning, code), from
/// which parser, type checker, compiler, schema, printer and explanation all derive; 3. a row and an example in
/// feature-specs/README.md, which the tests run.</para>
/// </summary>
public abstract record Step
{
    private Step()
    {
    }

    /// <summary>First in a nested pipeline: start from the current value instead of the text.</summary>
    public sealed record It : Step;

    // Text to list.

    /// <summary>Maximal runs of letters, digits, apostrophes and hyphens, stripped of outer apostrophes and hyphens.</summary>
    public sealed record Words : Step;

    /// <summary>Unicode characters (scalar values), spaces included.</summary>
    public sealed record Chars : Step;

    /// <summary>Lines, without their ends.</summary>
    public sealed record Lines : Step;

    /// <summary>Stretches that end with <c>.</c>, <c>!</c> or <c>?</c> before a space or the end, trimmed.</summary>
    public sealed record Sentences : Step;

    /// <summary>Tokens of the target model, as text.</summary>
    public sealed record Tokens : Step;

    /// <summary>Every match of a regular expression, or of one of its groups (a number or a name; "0" is all).</summary>
    public sealed record Match(string Pattern, string Group = "0") : Step;

    // Text to text.
    /// <summary>What the task knows of the text under a name.</summary>
    public sealed record Variable(string Name) : Step;


    public sealed record Lower : Step;

    public sealed record Upper : Step;

    /// <summary>Without white space at both ends.</summary>
    public sealed record Trim : Step;

    /// <summary>What follows the first (or last) occurrence of a text.</summary>
    public sealed record After(string Text, bool FromEnd = false) : Step;

    /// <summary>What precedes the first (or last) occurrence of a text.</summary>
    public sealed record Before(string Text, bool FromEnd = false) : Step;

    /// <summary>
    /// What lies between the first occurrence of one text and the next of the other; or the last such stretch.
    /// </summary>
    public sealed record Between(string Opening, string Closing, bool FromEnd = false) : Step;

    /// <summary>Every match of a regular expression replaced by a fixed text.</summary>
    public sealed record Replace(string Pattern, string With) : Step;

    // List to list.

    /// <summary>Keeps members of a lexicon.</summary>
    public sealed record In(string Lexicon) : Step;

    /// <summary>Drops members of a lexicon.</summary>
    public sealed record NotIn(string Lexicon) : Step;

    /// <summary>Keeps the items for which a pipeline over the item (<c>it</c>) is true.</summary>
    public sealed record Where(Pipeline Condition) : Step;

    /// <summary>Keeps what occurs at least <paramref name="Least"/> and at most <paramref name="Most"/> times in the list.</summary>
    public sealed record Occurring(int Least, int? Most) : Step
    {
        public Occurring(int times)
            : this(times, times)
        {
        }
    }

    /// <summary>Items from an index up to, not including, another; 0-based, negative from the end.</summary>
    public sealed record Slice(int From = 0, int? To = null) : Step;

    /// <summary>Keeps the first of each group of equal items.</summary>
    public sealed record Distinct : Step;

    /// <summary>By character code.</summary>
    public sealed record Sort : Step;

    public sealed record Reverse : Step;

    // List to one.

    public sealed record First : Step;

    public sealed record Last : Step;

    /// <summary>The item at a 0-based index, from the end if negative.</summary>
    public sealed record Nth(int Index) : Step;

    public sealed record Join(string Separator) : Step;

    public sealed record Count : Step;

    // To number.

    /// <summary>Number of characters, as <see cref="Chars"/> counts them.</summary>
    public sealed record Length : Step;

    /// <summary>The whole number that the text spells in decimal digits (at most 15, with or without a sign).</summary>
    public sealed record Int : Step;

    /// <summary>0-based character index of a text's first occurrence, or index of the first item equal to it.</summary>
    public sealed record IndexOf(string Text) : Step;

    public sealed record Sum(ValueList<Pipeline> Terms) : Step;

    /// <summary>The first of two pipelines minus the second.</summary>
    public sealed record Difference(ValueList<Pipeline> Terms) : Step;

    public sealed record Product(ValueList<Pipeline> Factors) : Step;

    /// <summary>Quotient rounded down to a whole number.</summary>
    public sealed record Div(double Divisor) : Step;

    /// <summary>What <see cref="Div"/> leaves: has the divisor's sign.</summary>
    public sealed record Mod(double Divisor) : Step;

    public sealed record Min(ValueList<Pipeline> Items) : Step;

    public sealed record Max(ValueList<Pipeline> Items) : Step;

    /// <summary>How many of the ascending edges the number has reached: 0 below the first edge.</summary>
    public sealed record Bucket(ValueList<double> Edges) : Step;

    // To bool.

    public sealed record Eq(Operand Operand) : Step;

    public sealed record Ne(Operand Operand) : Step;

    public sealed record Gt(Operand Operand) : Step;

    public sealed record Ge(Operand Operand) : Step;

    public sealed record Lt(Operand Operand) : Step;

    public sealed record Le(Operand Operand) : Step;

    /// <summary>Whether the text contains what is looked for.</summary>
    public sealed record Contains(Probe Probe) : Step;

    /// <summary>False if any is false, else undefined if any is undefined, else true.</summary>
    public sealed record All(ValueList<Pipeline> Conditions) : Step;

    /// <summary>True if any is true, else undefined if any is undefined, else false.</summary>
    public sealed record Any(ValueList<Pipeline> Conditions) : Step;

    public sealed record Not(Pipeline Condition) : Step;

    // Shape.

    /// <summary>Ordered joint label.</summary>
    public sealed record Tuple(ValueList<Pipeline> Parts) : Step;

    /// <summary>Unordered joint label; equal parts are kept.</summary>
    public sealed record Set(ValueList<Pipeline> Parts) : Step;

    /// <summary>One of two pipelines; without the second, undefined where the condition is false.</summary>
    public sealed record If(Pipeline When, Pipeline Then, Pipeline? Else = null) : Step;

    /// <summary>Looks the label up, undefined where it is absent. Ordered by key, each key once.</summary>
    public sealed record Map(ValueList<MapEntry> Entries) : Step;

    /// <summary>A fixed value.</summary>
    public sealed record Const(Constant Value) : Step;

    /// <summary>
    /// Stands for a step that could not be read, so that what follows it can still be checked.
    /// </summary>
    /// <param name="Gives">Type of its result; <see cref="StepType.None"/> if that is unknown too.</param>
    internal sealed record Unreadable(StepType Gives) : Step;
}

/// <summary>One row of <see cref="Step.Map"/>: labels in canonical form.</summary>
public sealed record MapEntry(string From, string To);

/// <summary>What <see cref="Step.Contains"/> looks for.</summary>
public abstract record Probe
{
    private Probe()
    {
    }

    /// <summary>Any of these, as a word (see <see cref="Step.Words"/>).</summary>
    public sealed record Words(ValueList<string> List) : Probe;

    public sealed record Text(string Value) : Probe;

    /// <summary>A match of a regular expression.</summary>
    public sealed record Regex(string Pattern) : Probe;
}
