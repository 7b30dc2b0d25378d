using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Reports;
using InverseScope.Sweeps.Stages;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>Reads and compiles specs for one task, whose lexicons they may use.</summary>
/// <param name="tokenizer">Splits a text into the target's tokens, null where it cannot read it; none: <c>tokens</c> is an error.</param>
/// <param name="labeller">Answers the questions of specs that a language model labels, but for those of their own tests; null: such specs are errors.</param>
/// <param name="checksOnly">True: such specs are read without a labeller, and cannot be run.</param>
public sealed class SpecLibrary(
    ITask task, Func<string, IReadOnlyList<string>?>? tokenizer = null, ITextLabeller? labeller = null, bool checksOnly = false)
{
    private const int CheckedTexts = 200;

    // More than half of all texts may be used.
    private const int DrawsLookedAt = 10 * CheckedTexts;

    private readonly CompileContext _context =
        new(task.Lexicons) { Variables = task as IVariableTask, Tokenizer = tokenizer, Labeller = labeller, ChecksOnly = checksOnly, AsksInTests = false };

    // Without a labeller, so that not even a proposal's own tests ask a language model.
    private readonly CompileContext _proposals = new(task.Lexicons) { Variables = task as IVariableTask, Tokenizer = tokenizer };

    /// <summary>Reads spec files.</summary>
    /// <exception cref="BadInputException">
    /// Missing or faulty, or a spec's own tests fail, or a script fails on more texts of the prior than it may; all errors
    /// of all files.
    /// </exception>
    public IReadOnlyList<HypothesisDraft> ReadFiles(IEnumerable<string> files)
    {
        var (drafts, errors) = (new List<HypothesisDraft>(), new List<string>());
        foreach (var file in files)
        {
            var result = FeatureSpecFile.Compile(file, _context);
            errors.AddRange(result.Errors.Select(e => e.Format(file)));
            if (result.Value is not { } compiled)
                continue;
            if (WhyRejected(compiled) is { } why)
                errors.Add($"{file}: {why}");
            drafts.Add(new HypothesisDraft(compiled.Spec, compiled.Feature, HypothesisAuthor.Person, null, []));
        }

        return errors.Count == 0 ? drafts : throw new BadInputException(string.Join(Environment.NewLine, errors));
    }

    /// <summary>How a script fails on texts of the prior, if it does so on more than it may; null if it can be used.</summary>
    public string? WhyRejected(CompiledSpec compiled)
    {
        // Rules end within their budget, and questions would cost calls of a language model here.
        if (compiled.Spec.Script is null)
            return null;
        var random = new RunSeed(1).Stream("script check", task.Fingerprint);
        // What fails is told with its text, also to who may not see texts that confirm.
        string[] texts = [.. Enumerable.Range(0, DrawsLookedAt).Select(_ => task.Draw(random)).Where(t => !SweepReferences.Confirms(t)).Take(CheckedTexts)];
        if (texts.Length == 0)
            return null;
        var lint = new SpecLint(texts, TimeProvider.System);
        return lint.Check([compiled])[0].Findings.FirstOrDefault(f => f.Kind == LintKind.Failing)?.Message;
    }

    /// <summary>A spec as it is stored: lexicons from files are written out, so that it needs no file again.</summary>
    public static string Write(FeatureSpec spec) => FeatureSpecText.Print(
        spec with
        {
            Lexicons = [.. spec.Lexicons.Select(l => l.Source is LexiconSource.File f ? l with { Source = new LexiconSource.Words(f.List) } : l)],
        },
        SpecFormat.Json);

    /// <summary>A proposal of a language model, which may be anything, but asks none: to try it, the whole prior would be labelled.</summary>
    /// <returns>A draft without author's trail, or what is wrong with it: errors with places, or that its script fails too often.</returns>
    public (HypothesisDraft? Draft, IReadOnlyList<string> Errors) TryDraft(string spec)
    {
        var result = FeatureCompiler.Compile(spec, _proposals);
        if (result.Value is not { } compiled)
        {
            return (null, [.. result.Errors.Select(e => e.Path == "llm"
                ? e with { What = "a proposal is a rule or a script, and this one asks a language model.", Fix = "Write a rule or a script." }
                : e).Select(e => e.Format(null))]);
        }

        return WhyRejected(compiled) is { } why
            ? (null, [why])
            : (new HypothesisDraft(compiled.Spec, compiled.Feature, HypothesisAuthor.Llm, null, []), []);
    }

    /// <summary>A stored spec, ready to test.</summary>
    /// <param name="stored">As <see cref="Write"/> gives it.</param>
    public HypothesisDraft Draft(string stored, HypothesisAuthor author, ExploreRecord? explore, IReadOnlyList<TrailStep> trail)
    {
        var compiled = FeatureCompiler.Compile(stored, _context, SpecFormat.Json).OrThrow();
        return new HypothesisDraft(compiled.Spec, compiled.Feature, author, explore, trail);
    }
}
