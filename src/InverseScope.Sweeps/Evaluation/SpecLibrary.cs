using InverseScope.Core;
using InverseScope.Core.Specs;
using InverseScope.Core.Tasks;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Sweeps.Evaluation;

/// <summary>Reads and compiles specs for one task, whose lexicons they may use.</summary>
public sealed class SpecLibrary(ITask task)
{
    private readonly CompileContext _context = new(task.Lexicons);

    /// <summary>Reads spec files.</summary>
    /// <exception cref="BadInputException">Missing or faulty, or a spec's own tests fail; all errors of all files.</exception>
    public IReadOnlyList<HypothesisDraft> ReadFiles(IEnumerable<string> files)
    {
        var (drafts, errors) = (new List<HypothesisDraft>(), new List<string>());
        foreach (var file in files)
        {
            try
            {
                var compiled = FeatureCompiler.Compile(
                    File.ReadAllText(file), _context, folder: Path.GetDirectoryName(Path.GetFullPath(file))).OrThrow(file);
                drafts.Add(new HypothesisDraft(compiled.Spec, compiled.Feature, HypothesisAuthor.Person, null, []));
            }
            catch (BadInputException e)
            {
                errors.Add(e.Message);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                errors.Add($"Cannot read the spec '{file}': {e.Message}");
            }
        }

        return errors.Count == 0 ? drafts : throw new BadInputException(string.Join(Environment.NewLine, errors));
    }

    /// <summary>A spec as it is stored: lexicons from files are written out, so that it needs no file again.</summary>
    public static string Write(FeatureSpec spec) => FeatureSpecText.Print(
        spec with
        {
            Lexicons = [.. spec.Lexicons.Select(l => l.Source is LexiconSource.File f ? l with { Source = new LexiconSource.Words(f.List) } : l)],
        },
        SpecFormat.Json);

    /// <summary>A stored spec, ready to test.</summary>
    /// <param name="stored">As <see cref="Write"/> gives it.</param>
    public HypothesisDraft Draft(string stored, HypothesisAuthor author, ExploreRecord? explore, IReadOnlyList<TrailStep> trail)
    {
        var compiled = FeatureCompiler.Compile(stored, _context, SpecFormat.Json).OrThrow();
        return new HypothesisDraft(compiled.Spec, compiled.Feature, author, explore, trail);
    }
}
