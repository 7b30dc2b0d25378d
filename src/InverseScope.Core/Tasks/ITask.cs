using InverseScope.Core.Seeds;

namespace InverseScope.Core.Tasks;

/// <summary>
/// A prior over input texts, and what a reader of its texts may name in them. Texts are as people see them: without
/// begin, end or padding tokens.
/// </summary>
public interface ITask
{
    /// <summary>Name on the command line, e.g. <c>addition</c>.</summary>
    string Name { get; }

    /// <summary>One sentence for <c>task list</c>.</summary>
    string Description { get; }

    /// <summary>Changes whenever the prior does; part of every content hash that depends on the task.</summary>
    string Fingerprint { get; }

    /// <summary>Number of texts if the prior is finite and can be enumerated; else null.</summary>
    long? Count { get; }

    /// <summary>The text at <paramref name="index"/> of the enumeration.</summary>
    /// <exception cref="NotSupportedException">The prior cannot be enumerated.</exception>
    string TextAt(long index);

    /// <summary>One draw from the prior.</summary>
    string Draw(RandomStream random);

    /// <summary>Natural logarithm of the text's probability, −∞ outside the prior; null where it is not known.</summary>
    double? LogProbability(string text);

    /// <summary>Null if the text can occur under this prior; else why it cannot.</summary>
    string? WhyInvalid(string text);

    /// <summary>Position names (as in <c>L0H1@query</c>) that the task defines.</summary>
    IReadOnlyList<string> PositionNames { get; }

    /// <summary>
    /// 0-based index of the character whose token the position means; null if the text has no such position.
    /// </summary>
    int? CharacterAt(string positionName, string text);

    /// <summary>Named word lists that specs of this task may refer to.</summary>
    IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons { get; }
}
