using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;

namespace InverseScope.Core.Search;

/// <summary>
/// Labels of all atoms for the texts that matter at one site. Rows: first the prior sample, then the R references, then S
/// samples for each reference.
/// </summary>
internal sealed class SiteTable
{
    private readonly Column[] _columns;
    private readonly Stack<int[]> _pool = [];

    private SiteTable(int prior, int references, int samples, Column[] columns, bool[] ahead, double[] told)
    {
        (PriorRows, References, Samples, _columns, Ahead, Told) = (prior, references, samples, columns, ahead, told);
        Weights = new float[references * samples];
        Effective = new double[references];
    }

    /// <summary>Number of prior rows, P.</summary>
    public int PriorRows { get; }

    /// <summary>Number of references, R.</summary>
    public int References { get; }

    /// <summary>Sample rows of each reference, S; the unused ones have weight 0.</summary>
    public int Samples { get; }

    /// <summary>P + R + R·S.</summary>
    public int Rows => PriorRows + References + References * Samples;

    /// <summary>(R, S); each reference's weights sum to 1.</summary>
    public float[] Weights { get; }

    /// <summary>(R), number of equally weighted samples that each reference's samples are worth.</summary>
    public double[] Effective { get; }

    /// <summary>For each atom, whether it depends on characters that the target has not read at the site.</summary>
    public bool[] Ahead { get; }

    /// <summary>
    /// For each atom, what a generator says that the activation tells of the tokens which the atom reads: mean bits of such a
    /// token; all 0 without a generator.
    /// </summary>
    public double[] Told { get; }

    /// <summary>(R), the text of each reference.</summary>
    public required string[] ReferenceTexts { get; init; }

    public Column Labels(Atom atom) => _columns[atom.Index];

    /// <summary>An array with room for every row.</summary>
    public int[] Rent() => _pool.Count > 0 ? _pool.Pop() : new int[Rows];

    public void Return(int[] rows) => _pool.Push(rows);

    /// <param name="mostSamples">Sets with more samples are thinned to this number, at random by weight.</param>
    public static SiteTable Build(SearchInput input, int mostSamples, RandomStream random, CancellationToken cancel)
    {
        var space = input.Space;
        var sets = input.ExploreSets.Where(s => s.Texts.Length > 0).Select(s => s.Thinned(mostSamples, random)).ToArray();
        var samples = sets.Length == 0 ? 0 : sets.Max(s => s.Texts.Length);
        var prior = PriorRowsWithPosition(input);
        var rows = prior.Length + sets.Length * (1 + samples);

        var distinct = new Dictionary<int, int>();
        foreach (var set in sets)
        {
            distinct.TryAdd(set.Reference, distinct.Count);
            foreach (var text in set.Texts)
                distinct.TryAdd(text, distinct.Count);
        }

        cancel.ThrowIfCancellationRequested();
        var atoms = space.Atoms.Count;
        var values = new int[distinct.Count][];
        space.Read(distinct.Keys.Select(id => input.Texts[id]), (row, read) => values[row] = read.ToArray());
        cancel.ThrowIfCancellationRequested();

        var columns = new Column[atoms];
        for (var a = 0; a < atoms; a++)
        {
            var codes = new int[rows];
            var labels = space.Prior(a);
            for (var i = 0; i < prior.Length; i++)
                codes[i] = labels[prior[i]];
            for (var r = 0; r < sets.Length; r++)
            {
                codes[prior.Length + r] = values[distinct[sets[r].Reference]][a];
                var start = prior.Length + sets.Length + r * samples;
                for (var s = 0; s < samples; s++)
                {
                    codes[start + s] =
                        s < sets[r].Texts.Length ? values[distinct[sets[r].Texts[s]]][a] : Atom.NoValue;
                }
            }

            columns[a] = Normalise(space.Atoms[a].Kind, codes);
        }

        var references = sets.Select(s => input.Texts[s.Reference]).ToArray();
        var table = new SiteTable(prior.Length, sets.Length, samples, columns, AheadOf(input, references), ToldOf(input, sets))
        {
            ReferenceTexts = references,
        };
        for (var r = 0; r < sets.Length; r++)
        {
            double sum = 0, squares = 0;
            foreach (var w in sets[r].Weights)
                (sum, squares) = (sum + w, squares + (double)w * w);
            for (var s = 0; s < sets[r].Texts.Length; s++)
                table.Weights[r * samples + s] = (float)(sets[r].Weights[s] / sum);
            // Samples that were drawn from few neighbours repeat them: they are worth no more than those.
            table.Effective[r] = Math.Min(sum * sum / squares, sets[r].Ess);
        }

        return table;
    }

    private static Column Normalise(TermKind kind, int[] codes)
    {
        int low = int.MaxValue, high = int.MinValue + 1;
        foreach (var code in codes)
        {
            if (code == Atom.NoValue)
                continue;
            low = Math.Min(low, code);
            high = Math.Max(high, code);
        }

        var offset = kind == TermKind.Number && low <= high ? low : 0;
        for (var i = 0; i < codes.Length; i++)
            codes[i] = codes[i] == Atom.NoValue ? Column.Undefined : codes[i] - offset;
        return new Column(codes, Math.Max(1, high - offset + 1), offset);
    }

    private static int[] PriorRowsWithPosition(SearchInput input)
    {
        var all = Enumerable.Range(0, input.Space.PriorSample.Count);
        if (input.CharactersRead is null)
            return [.. all];
        var read = input.CharactersRead(input.Space.PriorSample);
        return [.. all.Where(i => read[i] is not null)];
    }

    /// <summary>An atom looks ahead if the text cut off where the target stands gives another value.</summary>
    private static bool[] AheadOf(SearchInput input, IReadOnlyList<string> references)
    {
        const int Tried = 60;
        const double Tolerated = 0.02;
        var ahead = new bool[input.Space.Atoms.Count];
        if (input.CharactersRead is null)
            return ahead;
        var whole = references.Take(Tried).ToArray();
        var read = input.CharactersRead(whole);
        var part = whole.Select((t, i) => t[..Math.Clamp(read[i] ?? t.Length, 0, t.Length)]).ToArray();
        var values = new int[whole.Length][];
        var different = new int[ahead.Length];
        input.Space.Read(whole, (row, v) => values[row] = v.ToArray());
        input.Space.Read(part, (row, v) =>
        {
            for (var a = 0; a < different.Length; a++)
                different[a] += v[a] == values[row][a] ? 0 : 1;
        });
        for (var a = 0; a < ahead.Length; a++)
            ahead[a] = different[a] > Tolerated * whole.Length;
        return ahead;
    }

    /// <summary>An atom reads a token if another reference's token in its place gives another value.</summary>
    private static double[] ToldOf(SearchInput input, IReadOnlyList<SampleSet> sets)
    {
        const int Tried = 40;
        var told = new double[input.Space.Atoms.Count];
        var references = sets.Where(s => s.Tokens is not null).Take(Tried).Select(s => (Text: input.Texts[s.Reference], Tokens: s.Tokens!)).ToArray();
        var changed = new List<(int Reference, double Bits, string Text)>();
        for (var r = 0; r < references.Length; r++)
        {
            var (text, tokens) = references[r];
            for (var t = 0; t < tokens.Count; t++)
            {
                var (token, start, bits) = tokens[t];
                var other = Enumerable.Range(1, references.Length - 1).Select(step => references[(r + step) % references.Length].Tokens)
                    .FirstOrDefault(of => t < of.Count && of[t].Token != token && of[t].Token.Length > 0);
                if (other is not null && token.Length > 0)
                    changed.Add((r, bits, $"{text[..start]}{other[t].Token}{text[(start + token.Length)..]}"));
            }
        }

        var values = new int[references.Length][];
        var read = new int[told.Length];
        input.Space.Read(references.Select(r => r.Text), (row, v) => values[row] = v.ToArray());
        input.Space.Read(changed.Select(c => c.Text), (row, v) =>
        {
            for (var a = 0; a < told.Length; a++)
            {
                if (v[a] == values[changed[row].Reference][a])
                    continue;
                told[a] += changed[row].Bits;
                read[a]++;
            }
        });
        for (var a = 0; a < told.Length; a++)
            told[a] /= Math.Max(1, read[a]);
        return told;
    }
}
