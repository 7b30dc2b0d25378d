using InverseScope.Core.Specs;

namespace InverseScope.Core.Search;

/// <summary>What a term's labels are, which decides what may be done with them.</summary>
internal enum TermKind
{
    /// <summary>Integers; codes are values less the column's offset.</summary>
    Number,

    /// <summary>Single characters; codes are UTF-16 units.</summary>
    Character,

    /// <summary>Words and other pieces of text; codes come from the <see cref="TextInterner"/>.</summary>
    Text,

    /// <summary>0 false, 1 true.</summary>
    Bool,

    /// <summary>Joint labels, which nothing further is built on.</summary>
    Joint,
}

/// <summary>
/// A hypothesis in the making: an expression of the rule language that can label all rows of a table at once.
/// </summary>
/// <remarks>
/// To add a composition: a class here beside the others, and a line in <see cref="TermGrower"/> that builds it. The test
/// that compares every kind of term with its compiled spec fails until both agree.
/// </remarks>
internal abstract class Term
{
    public abstract TermKind Kind { get; }

    /// <summary>Steps weighted by how hard they are to understand; the smaller, the simpler.</summary>
    public abstract double Complexity { get; }

    /// <summary>The rule from the text to the label.</summary>
    public abstract Pipeline Steps { get; }

    /// <summary><see cref="Steps"/> with the value as a number, where <see cref="Kind"/> is a number.</summary>
    public virtual Pipeline NumberSteps => Steps;

    /// <summary>What the label is, as a noun phrase or, for a bool, as a clause.</summary>
    public abstract string Phrase { get; }

    /// <summary>What holds where a bool is false.</summary>
    public virtual string Denial => $"it is not so that {Phrase}";

    /// <summary>The atoms that the labels depend on.</summary>
    public abstract IEnumerable<Atom> Atoms { get; }

    /// <summary>Group of like terms in the search log, e.g. <c>sum</c>.</summary>
    public abstract string Family { get; }

    /// <summary>Labels of all rows; the codes lie in <paramref name="target"/> unless the term keeps its own.</summary>
    public abstract Column Evaluate(SiteTable table, int[] target);

    public override string ToString() => Phrase;
}

/// <summary>A value read from a text in one go; its native reader must agree with its rule steps.</summary>
/// <param name="read">The value (number, UTF-16 unit or interned text), or <see cref="NoValue"/>.</param>
/// <param name="numberSteps">Steps that end in a number, where <paramref name="steps"/> end in a text of digits.</param>
/// <param name="denial">For a bool, what holds where it is false.</param>
internal sealed class Atom(
    string family, TermKind kind, Pipeline steps, string phrase, double complexity, Func<Reading, int> read,
    Pipeline? numberSteps = null, string? denial = null) : Term
{
    /// <summary>What <see cref="Read"/> returns where the label is undefined.</summary>
    public const int NoValue = int.MinValue;

    /// <summary>Place in the space's list, and so in every table; set once when the space is built.</summary>
    public int Index { get; set; } = -1;

    public override string Family => family;

    public override TermKind Kind => kind;

    public override double Complexity => complexity;

    public override Pipeline Steps => steps;

    public override Pipeline NumberSteps => numberSteps ?? steps;

    public override string Phrase => phrase;

    public override string Denial => denial ?? base.Denial;

    public override IEnumerable<Atom> Atoms => [this];

    public int Read(Reading text) => read(text);

    public override Column Evaluate(SiteTable table, int[] target) => table.Labels(this);
}
