using InverseScope.Core;
using InverseScope.Core.Sampling;
using InverseScope.Core.Sites;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Capture;
using InverseScope.Torch.Models;
using InverseScope.Torch.Safetensors;

namespace InverseScope.Torch.Banks;

/// <summary>
/// Activations of the prior's texts, a file for each site, found by a hash of all that they depend on: target, task,
/// texts, basis and site. A file is written whole or not at all, and made again if it cannot be read.
/// </summary>
internal sealed class ActivationBank(TargetModel target, ITask task, PriorTexts prior, Basis basis, string folder)
{
    private const string Version = "bank/1";
    private const string Rows = "rows";
    private const string Present = "present";

    // Texts captured before their rows go to disk: bounds memory, whatever the prior's size.
    private const int TextsPerChunk = 32_768;

    /// <summary>Captures what is missing, all sites in one pass over the texts.</summary>
    /// <exception cref="BadInputException">A site that no text has.</exception>
    /// <exception cref="OutsideServiceException">The disk is full.</exception>
    public void Collect(IReadOnlyList<Site> sites, IProgress<WorkProgress>? progress, CancellationToken cancel)
    {
        var missing = sites.Where(s => !IsThere(s)).ToArray();
        if (missing.Length == 0)
            return;
        using var capture = new ActivationCapture(target, missing, basis, task);
        var writers = new SafetensorsWriter[missing.Length];
        var counts = new long[missing.Length];
        try
        {
            for (var s = 0; s < missing.Length; s++)
                writers[s] = Writer(missing[s], capture.Width(s));
            for (var first = 0; first < prior.Texts.Count; first += TextsPerChunk)
            {
                progress?.Report(new WorkProgress("activations", first, prior.Texts.Count, "texts"));
                var chunk = new string[Math.Min(TextsPerChunk, prior.Texts.Count - first)];
                for (var i = 0; i < chunk.Length; i++)
                    chunk[i] = prior.Texts[first + i];
                foreach (var (s, found) in capture.Read(chunk, cancel).Index())
                {
                    writers[s].Write<float>(Rows, (long)first * found.Width, found.Values);
                    writers[s].Write<byte>(Present, first, found.Present);
                    counts[s] += found.Present.Count(p => p != 0);
                }
            }

            for (var s = 0; s < missing.Length; s++)
            {
                if (counts[s] == 0)
                {
                    throw new BadInputException(
                        $"No text of task '{task.Name}' has the position {missing[s].Position} (site {missing[s]}).",
                        $"Its positions: {(task.PositionNames.Count == 0 ? "none by name" : string.Join(", ", task.PositionNames))}; also @last, @-2, @5, @tok:\"x\".");
                }

                writers[s].Commit();
            }

            progress?.Report(new WorkProgress("activations", prior.Texts.Count, prior.Texts.Count, "texts"));
        }
        catch (IOException e)
        {
            throw new OutsideServiceException(
                $"The activations cannot be written to '{folder}': {e.Message} Free space, or give another home with --home DIR.", e);
        }
        finally
        {
            foreach (var writer in writers)
                writer?.Dispose();
        }
    }

    /// <summary>A site's activations: row indices into the prior's texts, and their rows, (M, K).</summary>
    public (int[] Texts, float[] Rows, int Width) Read(Site site)
    {
        using var file = SafetensorsFile.Open(PathOf(site));
        var width = (int)file.Tensors[Rows].Shape[1];
        var present = file.Read<byte>(Present);
        var texts = new List<int>(present.Length);
        for (var i = 0; i < present.Length; i++)
        {
            if (present[i] != 0)
                texts.Add(i);
        }

        var all = file.Read<float>(Rows);
        if (texts.Count == present.Length)
            return ([.. texts], all.ToArray(), width);
        var rows = new float[texts.Count * width];
        for (var r = 0; r < texts.Count; r++)
            all.Slice(texts[r] * width, width).CopyTo(rows.AsSpan(r * width));
        return ([.. texts], rows, width);
    }

    private bool IsThere(Site site)
    {
        try
        {
            using var file = SafetensorsFile.Open(PathOf(site));
            return file.Tensors.TryGetValue(Rows, out var rows) && rows.Shape[0] == prior.Texts.Count
                && file.Tensors.ContainsKey(Present);
        }
        catch (BadInputException)
        {
            // Absent, or cut off by a crash of the machine: made again either way.
            return false;
        }
    }

    private SafetensorsWriter Writer(Site site, int width) => new(
        PathOf(site),
        [(Rows, DType.F32, [prior.Texts.Count, width]), (Present, DType.U8, [prior.Texts.Count])],
        new Dictionary<string, string>
        {
            ["site"] = site.ToString(),
            ["basis"] = basis.ToString(),
            ["model"] = target.Description.ContentHash,
            ["texts"] = prior.Identity,
        });

    private string PathOf(Site site) => Path.Combine(
        folder,
        ContentHash.Of(Version, target.Description.ContentHash, prior.Identity, basis.ToString(), site.ToString())[..32] + ".safetensors");
}
