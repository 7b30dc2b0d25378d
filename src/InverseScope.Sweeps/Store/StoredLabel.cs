using InverseScope.Core.Specs;

namespace InverseScope.Sweeps.Store;

/// <summary>An answer of a language model about one text.</summary>
public sealed class StoredLabel
{
    /// <summary>SHA-256 of scope and text: one answer each, found without comparing texts.</summary>
    public byte[] Id { get; set; } = [];

    /// <summary>The scope's number in the upper 32 bits, below it the order of addition within the scope, from 1.</summary>
    public long Place { get; set; }

    public string Text { get; set; } = "";

    /// <summary>Stored by name.</summary>
    public AnswerKind Kind { get; set; }

    /// <summary>Null unless <see cref="Kind"/> is <see cref="AnswerKind.Labelled"/>.</summary>
    public string? Label { get; set; }
}

/// <summary>What the answers of one scope have in common, kept once for all of them.</summary>
public sealed class StoredLabelScope
{
    /// <summary>From 1; never given again.</summary>
    public int Id { get; set; }

    public string SpecHash { get; set; } = "";

    /// <summary>Identity of the model that answered, its digest where there is one.</summary>
    public string Model { get; set; } = "";

    public string PromptHash { get; set; } = "";

    /// <summary>Which of several answers about the same text, from 0.</summary>
    public int Vote { get; set; }
}
