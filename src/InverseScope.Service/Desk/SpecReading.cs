using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Evaluation;
using InverseScope.Sweeps.Plans;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Service.Desk;

/// <summary>Specs, and language models for them, as they come from outside.</summary>
internal static class SpecReading
{
    /// <summary>Specs that are ready to be measured; those that ask a language model are not.</summary>
    /// <exception cref="BadInputException">One is faulty; all errors of all of them.</exception>
    public static IReadOnlyList<HypothesisDraft> Drafts(IReadOnlyList<string> specs, ITask task, Func<string, IReadOnlyList<string>?>? tokenizer)
    {
        var context = new CompileContext(task.Lexicons) { Variables = task as IVariableTask, Tokenizer = tokenizer };
        var library = new SpecLibrary(task, tokenizer);
        var (drafts, errors) = (new List<HypothesisDraft>(), new List<string>());
        foreach (var (index, text) in specs.Index())
        {
            var result = FeatureCompiler.Compile(text, context);
            errors.AddRange(result.Errors.Select(e => e.Format($"specs[{index}]")));
            if (result.Value is not { } compiled)
                continue;
            if (library.WhyRejected(compiled) is { } why)
                errors.Add($"specs[{index}]: {why}");
            drafts.Add(new HypothesisDraft(compiled.Spec, compiled.Feature, HypothesisAuthor.Person, null, []));
        }

        return errors.Count == 0 ? drafts : throw new BadInputException(string.Join(Environment.NewLine, errors));
    }

    /// <summary>A language model as plans name it.</summary>
    /// <exception cref="BadInputException">It is faulty, or names a file outside the home.</exception>
    public static LanguageModelPlan? LanguageModel(Workspace workspace, JsonObject section)
    {
        var read = SweepPlanFile.ParseLanguageModel(section, workspace.Home.Path, (key, value) => key == "script" ? GivenPlan.WhyRefused(key, value, workspace) : null);
        GivenPlan.CheckKey(read?.Chat.KeyVariable);
        return read;
    }
}
