using System.Globalization;
using System.Text;

namespace InverseScope.Core.Specs;

/// <summary>
/// A hypothesis made formal: a function from text to label, and what is said about it. Immutable; equal to another if
/// every part is. Exactly one of <see cref="Rule"/>, <see cref="Script"/> and <see cref="Llm"/> is given.
/// </summary>
public sealed record FeatureSpec
{
    /// <summary>What <c>schema</c> must say.</summary>
    public const string SchemaId = "inversescope/feature-spec/v1";

    /// <summary>Letters, digits, dots, hyphens and underscores, e.g. <c>ioi.object</c>; at most 80.</summary>
    public required string Id { get; init; }

    /// <summary>A few words for tables; null: the id serves.</summary>
    public string? Title { get; init; }

    /// <summary>The claim in a sentence.</summary>
    public string? Hypothesis { get; init; }

    /// <summary>Sites where it is claimed, as <see cref="Sites.SitePattern"/> reads them; empty: nowhere in particular.</summary>
    public ValueList<string> Sites { get; init; } = [];

    /// <summary>Rule to true or false; where it is not true the feature is undefined. Null: everywhere.</summary>
    public Pipeline? Applies { get; init; }

    public Pipeline? Rule { get; init; }

    public FeatureScript? Script { get; init; }

    public LlmQuestion? Llm { get; init; }

    /// <summary>Lexicons by name; one that is used but not listed is the task's.</summary>
    public ValueList<Lexicon> Lexicons { get; init; } = [];

    /// <summary>Checked whenever the spec is compiled.</summary>
    public ValueList<SpecTest> Tests { get; init; } = [];

    /// <summary>SHA-256, hex, of the canonical form: of what decides the labels, and nothing else.</summary>
    public string ComputeHash() => CanonicalForm.Hash(this);
}

/// <summary>A text and the label it must get; null: the feature must be undefined there.</summary>
public sealed record SpecTest(string Text, string? Label);

/// <summary>A named list of words.</summary>
public sealed record Lexicon(string Name, LexiconSource Source);

/// <summary>Where the words of a lexicon come from.</summary>
public abstract record LexiconSource
{
    private LexiconSource()
    {
    }

    /// <summary>The task's lexicon of the same name.</summary>
    public sealed record Task : LexiconSource;

    public sealed record Words(ValueList<string> List) : LexiconSource;

    /// <summary>A file beside the spec, one word a line.</summary>
    /// <param name="Name">File name without any folder.</param>
    /// <param name="List">Its words, read when the spec was.</param>
    public sealed record File(string Name, ValueList<string> List) : LexiconSource;

    /// <summary>Stands for a lexicon that could not be read, so that the steps that use it can still be checked.</summary>
    internal sealed record Unreadable : LexiconSource;
}

/// <summary>A JavaScript function <c>label(x)</c>, run in a sandbox for each text.</summary>
/// <param name="Source">JavaScript that defines <c>label</c>; it returns a string, number, boolean, or null (undefined).</param>
/// <param name="MaxFailures">Share of texts on which it may break a limit before lint rejects it, 0 to 1.</param>
public sealed record FeatureScript(string Source, double MaxFailures = 0.01);

/// <summary>When two answers of a language model in an open label set are the same label.</summary>
public abstract record LabelEquivalence
{
    private LabelEquivalence()
    {
    }

    /// <summary>Character by character.</summary>
    public sealed record Exact : LabelEquivalence;

    /// <summary>Ignoring case, punctuation, articles and white space.</summary>
    public sealed record Normalised : LabelEquivalence
    {
        /// <summary>The form that all equal labels share; null if nothing is left of the label.</summary>
        public static string? Of(string label)
        {
            var words = new StringBuilder(label.Length);
            foreach (var rune in label.EnumerateRunes())
            {
                var isPart = Rune.IsLetterOrDigit(rune)
                    || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
                words.Append(isPart ? Rune.ToLowerInvariant(rune).ToString() : " ");
            }

            var kept = string.Join(
                ' ', words.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => word is not ("a" or "an" or "the")));
            return kept.Length > 0 ? kept : null;
        }
    }

    /// <summary>Embeddings at least this cosine similar, 0 to 1.</summary>
    public sealed record Embedding(double Threshold) : LabelEquivalence;

    /// <summary>A language model says so.</summary>
    public sealed record Judged : LabelEquivalence;
}

/// <summary>A question that a language model answers for each text.</summary>
/// <param name="Instruction">What to say about the text.</param>
/// <param name="Labels">The closed label set; empty if it is open.</param>
/// <param name="Equivalence">For an open label set, when two answers are the same; null if it is closed.</param>
/// <param name="Model">Name of the language model; null: the one of the run.</param>
/// <param name="Votes">Answers for each text, an odd number 1 to 15; the majority is the label.</param>
public sealed record LlmQuestion(
    string Instruction, ValueList<string> Labels, LabelEquivalence? Equivalence, string? Model = null, int Votes = 1);
